/**
 * Who is calling. Tokens never expire; a new one ends the old one with the next request.
 */

import { createHash } from 'node:crypto';
import { detail, type HttpError } from '../http/reply.ts';
import type { User } from '../state/model.ts';
import type { Store } from '../state/store.ts';

const unauthorized = (message: string, scheme = 'Token'): HttpError =>
  detail(401, message, { 'www-authenticate': scheme });

export const hashPassword = (password: string): string =>
  createHash('sha256').update(`simulator:${password}`).digest('hex');

/** Every look-up of a token scans the users, of which an instance has few. */
function byToken(store: Store, token: string): User | undefined {
  for (const user of store.users.values()) if (user.token === token) return user;
  return undefined;
}

export function byPassword(store: Store, username: string, password: string): User | null {
  const hash = hashPassword(password);
  const [user] = store.users.filter((row) => row.username === username && row.passwordHash === hash);
  return user?.isActive ? user : null;
}

/** The user behind an Authorization header (paperless-api.md 1.1, 1.2). */
export function authenticate(store: Store, header: string | undefined): User {
  const [scheme = '', ...rest] = (header ?? '').split(' ');
  if (scheme.toLowerCase() === 'basic') return basic(store, rest.join(' '));
  if (scheme.toLowerCase() !== 'token') throw unauthorized('Authentication credentials were not provided.');
  if (rest.length === 0) throw unauthorized('Invalid token header. No credentials provided.');
  if (rest.length > 1) throw unauthorized('Invalid token header. Token string should not contain spaces.');
  const user = byToken(store, rest[0] ?? '');
  if (!user) throw unauthorized('Invalid token.');
  if (!user.isActive) throw unauthorized('User inactive or deleted.');
  return user;
}

function basic(store: Store, encoded: string): User {
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  const user = byPassword(store, pair.slice(0, colon), pair.slice(colon + 1));
  if (!user) throw unauthorized('Invalid username/password.', 'Basic realm="api"');
  return user;
}
