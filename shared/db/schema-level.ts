/** Which migrations a database has, and what a program must know of them to work with it (R4). */
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Db } from './tables.ts';

export const SCHEMA_BREAKING = 'schema_breaking';

/** What kysely keeps its own books in. */
export async function appliedMigrations(db: Db): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map((row) => row.name);
}

/**
 * A breaking migration takes away or changes what an earlier release still uses. It leaves its name in the same transaction,
 * so that no earlier program can see the new schema without the mark.
 */
export function breaking(name: string, migration: Migration): Migration {
  return {
    up: async (db) => {
      await migration.up(db);
      await sql`insert into app_meta (key, value) values (${SCHEMA_BREAKING}, ${name})
        on conflict (key) do update set value = excluded.value`.execute(db);
    },
  };
}
