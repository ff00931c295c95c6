/** Which object of a replica stands for which object of the master (E5). */
import { sql } from 'kysely';
import type { LinkKind, LinkRow, StoredLink } from '../domain/taxonomy/vocabulary.ts';
import type { Db } from './tables.ts';

export async function taxonomyLinks(db: Db, replicaId: number): Promise<StoredLink[]> {
  const rows = await db
    .selectFrom('taxonomy_links')
    .selectAll()
    .where('replica_id', '=', replicaId)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    masterId: row.master_id,
    replicaId: row.replica_obj_id,
    name: row.name,
    state: row.state,
    createdByUs: row.created_by_us,
    heldBack: row.held_back,
    detail: row.detail ?? {},
    errorMsg: row.error_msg,
  }));
}

/** Writes the intent or the result. */
export async function saveTaxonomyLink(db: Db, replicaId: number, link: LinkRow): Promise<void> {
  await sql`
    insert into taxonomy_links (replica_id, kind, master_id, replica_obj_id, name, state, created_by_us, held_back, detail, error_msg)
    values (${replicaId}, ${link.kind}, ${link.masterId}, ${link.replicaId}, ${link.name}, ${link.state}, ${link.createdByUs},
      ${link.heldBack === null ? null : JSON.stringify(link.heldBack)}::jsonb, ${JSON.stringify(link.detail)}::jsonb, ${link.errorMsg})
    on conflict (replica_id, kind, master_id) do update set
      replica_obj_id = excluded.replica_obj_id, name = excluded.name, state = excluded.state,
      created_by_us = excluded.created_by_us, held_back = excluded.held_back, detail = excluded.detail,
      error_msg = excluded.error_msg, updated_at = now()`.execute(db);
}

/** Links that say nothing any more: the object is deleted on both sides, or its counterpart serves another one. */
export async function dropTaxonomyLinks(db: Db, ids: readonly number[]): Promise<void> {
  if (ids.length > 0)
    await db
      .deleteFrom('taxonomy_links')
      .where('id', 'in', [...ids])
      .execute();
}

/** The link that owns an object of the replica, if any. */
export async function ownerOfObject(
  db: Db,
  replicaId: number,
  kind: LinkKind,
  objectId: number,
): Promise<Pick<StoredLink, 'id' | 'masterId' | 'name' | 'state'> | null> {
  const row = await db
    .selectFrom('taxonomy_links')
    .select(['id', 'master_id', 'name', 'state'])
    .where('replica_id', '=', replicaId)
    .where('kind', '=', kind)
    .where('replica_obj_id', '=', objectId)
    .executeTakeFirst();
  return row ? { id: row.id, masterId: row.master_id, name: row.name, state: row.state } : null;
}

/** Opens work on the copies of these master documents; returns how many there are. */
export async function markDirtyByMasterDoc(db: Db, replicaId: number, masterIds: readonly number[]): Promise<number> {
  const result = await sql`update sync_map set dirty_seq = nextval('dirty_seq')
    where replica_id = ${replicaId} and master_doc_id = any(${masterIds}::bigint[]) and phase <> 'gone'`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

/**
 * Documents of a replica that somebody is writing to, or to which an unanswered write may still come: while there are any,
 * no option is taken away (H16, H26).
 */
export async function openDocumentWrites(db: Db, replicaId: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from sync_map
    where replica_id = ${replicaId} and (lease_worker is not null or (plan is not null and hold_until > now()))`.execute(
    db,
  );
  return rows[0]?.n ?? 0;
}

export async function waitsForCleanUp(db: Db, replicaId: number): Promise<boolean> {
  const { rows } = await sql<{ waits: boolean }>`select exists (select 1 from sync_map
    where replica_id = ${replicaId} and error_code = 'option_clean_up') as waits`.execute(db);
  return rows[0]?.waits ?? false;
}

export interface AmbiguousName {
  /** Of the link: where a list goes on. */
  readonly id: number;
  readonly replica_id: number;
  readonly replica: string;
  readonly kind: LinkKind;
  readonly master_id: number;
  readonly name: string;
  readonly error_msg: string | null;
}

/** Names that could stand for several objects: a person chooses. Of one replica, or (null) of all. */
export function listAmbiguous(
  db: Db,
  replicaId: number | null,
  { after, limit }: { readonly after: number | undefined; readonly limit: number },
): Promise<AmbiguousName[]> {
  return db
    .selectFrom('taxonomy_links as t')
    .innerJoin('replicas', 'replicas.id', 't.replica_id')
    .select(['t.id', 't.replica_id', 'replicas.name as replica', 't.kind', 't.master_id', 't.name', 't.error_msg'])
    .where('t.state', '=', 'ambiguous')
    .$if(after !== undefined, (query) => query.where('t.id', '>', after as number))
    .$if(replicaId !== null, (query) => query.where('t.replica_id', '=', replicaId as number))
    .orderBy('t.id')
    .limit(limit)
    .execute();
}
