/** The settings table: text values by key. What a key means, its default and its limits stand in config/settings.ts. */
import { sql } from 'kysely';
import type { Db } from './tables.ts';

export interface StoredSetting {
  readonly key: string;
  readonly value: string;
}

export function readSettings(db: Db): Promise<StoredSetting[]> {
  return db.selectFrom('settings').select(['key', 'value']).execute();
}

/** Secrets arrive encrypted. */
export async function putSettings(db: Db, values: readonly StoredSetting[]): Promise<void> {
  if (values.length === 0) return;
  await db
    .insertInto('settings')
    .values([...values])
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({ value: sql`excluded.value`, updated_at: sql`now()` }),
    )
    .execute();
}

/** For the first start: what somebody has set stays. */
export async function insertSettings(db: Db, values: readonly StoredSetting[]): Promise<void> {
  if (values.length === 0) return;
  await db
    .insertInto('settings')
    .values([...values])
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
}

/** Back to the default. */
export async function deleteSettings(db: Db, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await db.deleteFrom('settings').where('key', 'in', keys).execute();
}
