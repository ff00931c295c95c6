/** Another SECRET_KEY for everything that is stored encrypted (S5), and what remains to be done where the key is lost. */
import type { SecretBox } from '../config/secret-key.ts';
import { SETTING_KEYS, SETTINGS } from '../config/settings.ts';
import { CANARY, deleteMeta, insertMeta } from '../db/app-meta.repo.ts';
import { inTransaction } from '../db/client.ts';
import { notify, SETTINGS_CHANGED } from '../db/listen.ts';
import { deleteSettings } from '../db/settings.repo.ts';
import { disableChannel, lockSealed, pauseWithoutToken, replaceSealed, type Sealed } from '../db/sealed.repo.ts';
import type { Db } from '../db/tables.ts';
import { AppError } from '../kernel/errors.ts';
import { KEY_PLAIN } from './check-secret-key.ts';

const SECRET_SETTINGS = SETTING_KEYS.filter((key) => SETTINGS[key].secret);

export interface Rotated {
  /** Values that were sealed anew. */
  readonly resealed: number;
  /** Values that had the new key already. */
  readonly kept: number;
}

/** `both` opens with either key and seals with the new one; `next` knows the new one alone. All of it or nothing; to be repeated at will. */
export function rotateKey(db: Db, both: SecretBox, next: SecretBox): Promise<Rotated> {
  return inTransaction(db, async (trx) => {
    const found = await lockSealed(trx, SECRET_SETTINGS);
    const old = found.filter(({ token }) => opened(next, token) === null);
    for (const sealed of old) {
      const text = opened(both, sealed.token);
      if (text === null) throw neither(sealed);
      await replaceSealed(trx, sealed, both.seal(text));
    }
    await notify(trx, SETTINGS_CHANGED, '');
    return { resealed: old.length, kept: found.length - old.length };
  });
}

function neither(sealed: Sealed): AppError {
  return new AppError({
    code: 'secret_key_wrong',
    class: 'config',
    message: `Neither SECRET_KEY nor OLD_SECRET_KEY opens ${nameOf(sealed)}. Nothing was changed.`,
    hint: 'Set OLD_SECRET_KEY to the key that the database was written with. If it is lost: rotate-key --forget-tokens.',
  });
}

function nameOf({ what, key }: Sealed): string {
  if (what === 'replica') return `the token of replica ${key}`;
  if (what === 'channel') return `the address of notification channel ${key}`;
  if (what === 'former master') return `the token of the master before promotion ${key}`;
  return what === 'setting' ? `the setting ${key}` : `the ${what}`;
}

function opened(box: SecretBox, token: string): string | null {
  try {
    return box.open(token);
  } catch (error) {
    if (error instanceof AppError && error.code === 'fernet_token_invalid') return null;
    throw error;
  }
}

const LOST = 'Its token was lost with the SECRET_KEY: enter it again, then resume.';

/** What cannot be opened any more is forgotten, all else, every link above all, is kept. Returns what has to be typed anew. */
export async function forgetUnreadable(trx: Db, box: SecretBox): Promise<string[]> {
  const found = await lockSealed(trx, SECRET_SETTINGS);
  const lost = found.filter(({ token }) => opened(box, token) === null);
  for (const sealed of lost) {
    if (sealed.what === 'canary') await replaceSealed(trx, sealed, box.seal(KEY_PLAIN));
    // The next start makes another one.
    else if (sealed.what === 'setup code') await deleteMeta(trx, sealed.key);
    else if (sealed.what === 'setting') await deleteSettings(trx, [sealed.key]);
    else if (sealed.what === 'channel') {
      await replaceSealed(trx, sealed, box.seal('{}'));
      await disableChannel(trx, Number(sealed.key));
    }
    // Asked for again when it is taken back.
    else if (sealed.what === 'former master') await replaceSealed(trx, sealed, box.seal(''));
    else {
      await replaceSealed(trx, sealed, box.seal(''));
      await pauseWithoutToken(trx, Number(sealed.key), LOST);
    }
  }
  await insertMeta(trx, CANARY, box.seal(KEY_PLAIN));
  await notify(trx, SETTINGS_CHANGED, '');
  return lost.filter(({ what }) => what === 'setting' || what === 'replica' || what === 'channel').map(nameOf);
}
