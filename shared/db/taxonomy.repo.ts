/** Which object of a replica stands for which object of the master (E5). */
import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import type { Db, TaxonomyLinksTable } from './tables.ts';

export type TaxonomyLink = Selectable<TaxonomyLinksTable>;

export function taxonomyLinks(db: Db, replicaId: number): Promise<TaxonomyLink[]> {
  return db.selectFrom('taxonomy_links').selectAll().where('replica_id', '=', replicaId).orderBy('id').execute();
}

export interface TaxonomyLinkInput {
  readonly replicaId: number;
  readonly kind: string;
  readonly masterId: number;
  readonly replicaObjId: number | null;
  readonly name: string;
  readonly state: TaxonomyLink['state'];
  readonly createdByUs: boolean;
  readonly heldBack?: Record<string, unknown> | null;
  readonly detail?: Record<string, unknown> | null;
  readonly errorMsg?: string | null;
}

/** Writes the intent or the result; `created_by_us` once true stays true for the same pair. */
export async function saveTaxonomyLink(db: Db, link: TaxonomyLinkInput): Promise<void> {
  const json = (value: Record<string, unknown> | null | undefined) => (value ? JSON.stringify(value) : null);
  await sql`
    insert into taxonomy_links (replica_id, kind, master_id, replica_obj_id, name, state, created_by_us, held_back, detail, error_msg)
    values (${link.replicaId}, ${link.kind}, ${link.masterId}, ${link.replicaObjId}, ${link.name}, ${link.state},
      ${link.createdByUs}, ${json(link.heldBack)}::jsonb, ${json(link.detail)}::jsonb, ${link.errorMsg ?? null})
    on conflict (replica_id, kind, master_id) do update set
      replica_obj_id = excluded.replica_obj_id, name = excluded.name, state = excluded.state,
      created_by_us = taxonomy_links.created_by_us or excluded.created_by_us,
      held_back = coalesce(excluded.held_back, taxonomy_links.held_back),
      detail = coalesce(excluded.detail, taxonomy_links.detail), error_msg = excluded.error_msg, updated_at = now()`.execute(
    db,
  );
}

/** Links of objects the master no longer has, or whose counterpart vanished: forgotten, so that they are made anew. */
export async function dropTaxonomyLinks(db: Db, ids: readonly number[]): Promise<void> {
  if (ids.length > 0)
    await db
      .deleteFrom('taxonomy_links')
      .where('id', 'in', [...ids])
      .execute();
}
