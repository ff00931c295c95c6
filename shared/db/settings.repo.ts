/** The settings table: text values by key. What a key means, its default and its limits stand in config/settings.ts. */
import { sql, type Kysely } from 'kysely';
import type { Tables } from './tables.ts';

export async function readSettings(db: Kysely<Tables>): Promise<ReadonlyMap<string, string>> {
  const rows = await db.selectFrom('settings').select(['key', 'value']).execute();
  return new Map(rows.map((row) => [row.key, row.value]));
}

export async function readSetting(db: Kysely<Tables>, key: string): Promise<string | undefined> {
  const row = await db.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst();
  return row?.value;
}

/** Secrets arrive encrypted. */
export async function putSettings(db: Kysely<Tables>, values: ReadonlyMap<string, string>): Promise<void> {
  if (values.size === 0) return;
  await db
    .insertInto('settings')
    .values([...values].map(([key, value]) => ({ key, value })))
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({ value: sql`excluded.value`, updated_at: sql`now()` }),
    )
    .execute();
}

/** Back to the default. */
export async function deleteSettings(db: Kysely<Tables>, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await db.deleteFrom('settings').where('key', 'in', keys).execute();
}
