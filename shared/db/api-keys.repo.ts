/** API keys: for programs, in every AUTH_MODE (S1). */
import { sql } from 'kysely';
import type { ApiKey, KeyScope } from './door-tables.ts';
import type { Db } from './tables.ts';

/** What may be shown: never the hash. */
export type ShownKey = Omit<ApiKey, 'key_hash'>;
const SHOWN = ['id', 'name', 'hint', 'scope', 'created_at', 'created_by', 'last_used_at', 'revoked_at'] as const;

/** Undefined: a living key has this name. */
export function insertApiKey(
  db: Db,
  key: { name: string; keyHash: string; hint: string; scope: KeyScope; createdBy: string },
): Promise<ShownKey | undefined> {
  return db
    .insertInto('api_keys')
    .values({ name: key.name, key_hash: key.keyHash, hint: key.hint, scope: key.scope, created_by: key.createdBy })
    .onConflict((conflict) => conflict.expression(sql`lower(name)`).where('revoked_at', 'is', null).doNothing())
    .returning(SHOWN)
    .executeTakeFirst();
}

export function listApiKeys(db: Db): Promise<ShownKey[]> {
  return db.selectFrom('api_keys').select(SHOWN).orderBy('id').execute();
}

/** The living key with this hash; notes that it was used. */
export async function useApiKey(
  db: Db,
  keyHash: string,
): Promise<{ id: number; name: string; scope: KeyScope } | undefined> {
  const row = await db
    .selectFrom('api_keys')
    .select([
      'id',
      'name',
      'scope',
      sql<boolean>`coalesce(last_used_at < now() - interval '1 minute', true)`.as('stale'),
    ])
    .where('key_hash', '=', keyHash)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  if (row.stale) await db.updateTable('api_keys').set({ last_used_at: sql`now()` }).where('id', '=', row.id).execute();
  return { id: row.id, name: row.name, scope: row.scope };
}

/** Undefined: there is no living key of this id. */
export function revokeApiKey(db: Db, id: number): Promise<ShownKey | undefined> {
  return db
    .updateTable('api_keys')
    .set({ revoked_at: sql`now()` })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returning(SHOWN)
    .executeTakeFirst();
}
