/** Does a page of ours ask, or a page of somebody else in the same browser (S2)? */
import type { Context } from 'hono';
import { isLoopback } from '../../../shared/config/env-values.ts';
import { isIP } from 'node:net';

/** `unknown`: no browser, or one that says nothing. */
export type Origin = 'own' | 'foreign' | 'unknown';

export function originOf(c: Context, publicUrl: string | undefined): Origin {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin' || site === 'none' ? 'own' : 'foreign';
  // Sent over plain http to names other than localhost, where the header above is not.
  const origin = c.req.header('origin');
  if (origin === undefined) return 'unknown';
  if (publicUrl !== undefined && origin === new URL(publicUrl).origin) return 'own';
  const given = URL.canParse(origin) ? new URL(origin).host.toLowerCase() : null;
  return given !== null && given === c.req.header('host')?.toLowerCase() ? 'own' : 'foreign';
}

/**
 * Where nobody has to log in, a foreign name that was made to point here is told by its Host header alone: it must be a name
 * of this machine, PUBLIC_URL's, or (if a network may come in) a bare address, which no such trick can lead here.
 */
export function isOwnHost(
  host: string,
  at: { readonly publicUrl: string | undefined; readonly loopback: boolean },
): boolean {
  const name = /^(.*?)(:\d+)?$/.exec(host.toLowerCase())?.[1] ?? '';
  const plain = name.replace(/^\[|\]$/g, '');
  if (isLoopback(plain)) return true;
  if (at.publicUrl !== undefined && host.toLowerCase() === new URL(at.publicUrl).host.toLowerCase()) return true;
  return !at.loopback && isIP(plain) !== 0;
}
