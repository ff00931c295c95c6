/** Facts about this database itself: who wrote it and with which key. */
import type { Db } from './tables.ts';

/** Encrypted with the SECRET_KEY that this database was written with (R4). */
export const CANARY = 'secret_canary';
/** Eight hex digits, part of every marker title: tells our uploads from those of another controller (protocol section 1). */
export const CONTROLLER_ID = 'controller_id';
/** Set once MASTER_URL and MASTER_TOKEN have been looked at, so that a value cleared by a person stays cleared. */
export const SEEDED = 'settings_seeded';
/** The same of WEBHOOK_SECRET. */
export const WEBHOOK_SEEDED = 'webhook_seeded';

/** Where this database's content was moved to: two controllers on one library must never run (R7). */
export const MOVED_TO = 'moved_to';
/** Sealed one-time code for the first password, until there is one (S1). */
export const SETUP_CODE = 'setup_code';

export async function readMeta(db: Db, key: string): Promise<string | undefined> {
  const row = await db.selectFrom('app_meta').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value;
}

/** Writes the value if the key is new; true if this call wrote it (several processes may start at once). */
export async function insertMeta(db: Db, key: string, value: string): Promise<boolean> {
  const result = await db
    .insertInto('app_meta')
    .values({ key, value })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function deleteMeta(db: Db, key: string): Promise<void> {
  await db.deleteFrom('app_meta').where('key', '=', key).execute();
}
