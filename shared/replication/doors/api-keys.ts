/** API keys: shown once when they are made, kept as a hash (S1). */
import { randomBytes } from 'node:crypto';
import * as repo from '../../db/api-keys.repo.ts';
import type { KeyScope } from '../../db/door-tables.ts';
import type { Db } from '../../db/tables.ts';
import { AppError } from '../../kernel/errors.ts';
import { hashToken } from '../../kernel/passwords.ts';

/** Tells a key from any other text, also for scanners that look for lost secrets. */
const PREFIX = 'pngxk_';
const SHAPE = /^pngxk_[\w-]{43}$/;

export interface NewApiKey {
  readonly key: repo.ShownKey;
  /** Nobody can see it again. */
  readonly secret: string;
}

export async function createApiKey(
  db: Db,
  wanted: { readonly name: string; readonly scope: KeyScope; readonly createdBy: string },
): Promise<NewApiKey> {
  const secret = PREFIX + randomBytes(32).toString('base64url');
  const hint = secret.slice(0, PREFIX.length + 4);
  const key = await repo.insertApiKey(db, { ...wanted, keyHash: hashToken(secret), hint });
  if (key !== undefined) return { key, secret };
  throw new AppError({
    code: 'key_name_taken',
    class: 'conflict',
    message: `There is a key "${wanted.name}" already.`,
    hint: 'Choose another name, or revoke that one first.',
  });
}

export async function revokeApiKey(db: Db, id: number): Promise<repo.ShownKey> {
  const key = await repo.revokeApiKey(db, id);
  if (key !== undefined) return key;
  throw new AppError({ code: 'key_not_found', class: 'not-found', message: `There is no living key ${id}.` });
}

/** null: the header brings no key; undefined: it brings one that does not count. Other schemes are for proxies in front. */
export async function keyOfHeader(db: Db, authorization: string | undefined) {
  const secret = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (secret === undefined) return null;
  // Found by its hash: how long the search takes says nothing about the key, since nobody can steer its hash.
  return SHAPE.test(secret) ? await repo.useApiKey(db, hashToken(secret)) : undefined;
}
