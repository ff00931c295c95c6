import { randomBytes } from 'node:crypto';
import type { SecretBox } from '../config/secret-key.ts';
import { CANARY, CONTROLLER_ID, insertMeta, readMeta } from '../db/app-meta.repo.ts';
import type { Db } from '../db/tables.ts';
import { AppError } from '../kernel/errors.ts';

export const KEY_PLAIN = 'pngx-controller';

/**
 * R4: with another SECRET_KEY than this database was written with, every stored token would be lost. The first start
 * leaves a token of its key; every later one must be able to open it.
 */
export async function checkSecretKey(db: Db, secrets: SecretBox): Promise<void> {
  const stored = (await readMeta(db, CANARY)) ?? (await plant(db, secrets));
  try {
    if (secrets.open(stored) === KEY_PLAIN) return;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  throw new AppError({
    code: 'secret_key_wrong',
    class: 'config',
    message: 'SECRET_KEY is not the key that this database was written with.',
    hint: 'Set the earlier key. If it is lost: pngx-controller rotate-key --forget-tokens, then type the tokens of the instances anew; all links are kept.',
  });
}

/** Two processes may start on an empty database: the one that came second checks itself against the first. */
async function plant(db: Db, secrets: SecretBox): Promise<string> {
  const token = secrets.seal(KEY_PLAIN);
  if (await insertMeta(db, CANARY, token)) return token;
  return (await readMeta(db, CANARY)) ?? token;
}

/** Eight hex digits that mark our uploads (protocol section 1); made once and kept for the life of the database. */
export async function ensureControllerId(db: Db): Promise<string> {
  const known = await readMeta(db, CONTROLLER_ID);
  if (known !== undefined) return known;
  await insertMeta(db, CONTROLLER_ID, randomBytes(4).toString('hex'));
  return (await readMeta(db, CONTROLLER_ID)) ?? '';
}
