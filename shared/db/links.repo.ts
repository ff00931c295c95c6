/** Links (sync_map): who holds one, what is known of it. The state machine's rules are in replication/. */
import { sql, type Updateable } from 'kysely';
import type { Db, Link, SyncMapTable } from './tables.ts';

/** A database or a transaction of it. */
export type LinkDb = Db;
export type LinkPatch = Omit<Updateable<SyncMapTable>, 'id' | 'lease_epoch' | 'lease_worker'>;

/** Proof that a process holds a link; every statement under it names all three (protocol section 2, point 4). */
export interface LeaseRef {
  readonly linkId: number;
  readonly worker: string;
  readonly epoch: number;
}

/** A document that ended so many processes is looked at alone, by a job that a living process enqueued. */
export const SUSPECT_DEATHS = 2;

/**
 * Takes the lease if nobody living holds it and the job is not overtaken. Not re-entrant. crash_count counts leases that
 * never ended in an orderly way (H20).
 */
export async function takeLease(
  db: Db,
  linkId: number,
  worker: string,
  generation: number | null,
): Promise<Link | null> {
  const { rows } = await sql<Link>`
    update sync_map set lease_worker = ${worker}, lease_epoch = lease_epoch + 1, crash_count = crash_count + 1, dispatched_by = ${worker},
      topology_epoch = (select topology_epoch from master_state)
    where id = ${linkId}
      and (${generation}::bigint is null or dispatch_gen <= ${generation}::bigint)
      and (lease_worker is null or exists (select 1 from workers w where w.id = sync_map.lease_worker and w.dead))
      and (crash_count < ${SUSPECT_DEATHS} or ${generation}::bigint is null
        or not exists (select 1 from workers w where w.id = sync_map.dispatched_by and w.dead))
      and exists (select 1 from workers w where w.id = ${worker} and not w.dead for share)
    returning *`.execute(db);
  return rows[0] ?? null;
}

/** What every write under a lease demands: the same holder, still counted as alive, in the same topology. */
function isHeld({ linkId, worker, epoch }: LeaseRef) {
  return sql<boolean>`id = ${linkId} and lease_epoch = ${epoch} and lease_worker = ${worker}
    and topology_epoch = (select topology_epoch from master_state)
    and exists (select 1 from workers w where w.id = ${worker} and not w.dead for share)`;
}

/** Null: the lease is lost, or the topology changed; the caller stops at once. */
export async function updateLeased(db: Db, lease: LeaseRef, patch: LinkPatch): Promise<Link | null> {
  const rows = await db.updateTable('sync_map').set(patch).where(isHeld(lease)).returningAll().execute();
  return rows[0] ?? null;
}

/** Gives the lease back and, in the same statement, writes what came of the work. False: it was lost before. */
export async function releaseLease(db: Db, lease: LeaseRef, patch: LinkPatch): Promise<boolean> {
  const rows = await db
    .updateTable('sync_map')
    .set({ dispatched_at: null, ...patch, lease_worker: null, crash_count: 0 })
    .where(isHeld(lease))
    .returning('id')
    .execute();
  return rows.length > 0;
}

/**
 * Marks `want` as applied. The link is `ok` only if nothing became dirty meanwhile (H6); the caller gives the final
 * status for that case.
 */
export async function applyAndRelease(db: Db, lease: LeaseRef, want: number, patch: LinkPatch): Promise<boolean> {
  const { status = 'ok', phase = 'ok', ...rest } = patch;
  return releaseLease(db, lease, {
    ...rest,
    applied_seq: want,
    status: sql`case when dirty_seq = ${want} then ${status} else 'pending' end`,
    phase: sql`case when dirty_seq = ${want} or ${phase} <> 'ok' then ${phase} else 'pending' end`,
  } as unknown as LinkPatch);
}

/**
 * Gives the lease back while its job stays in the queue until `until`. The link counts as dispatched at that time, so that it
 * gets another job only if this one is lost (R2).
 */
export function rest(db: Db, lease: LeaseRef, until: Date, patch: LinkPatch = {}): Promise<boolean> {
  return releaseLease(db, lease, { ...patch, dispatched_at: until });
}

/** Frees the leases of links a process still holds when it stops in an orderly way. */
export async function releaseAllOf(db: Db, worker: string): Promise<void> {
  await sql`update sync_map set lease_worker = null, crash_count = 0, dispatched_at = null
    where lease_worker = ${worker}`.execute(db);
}

/**
 * Gives back what this process holds in the database but does not work on: a job whose last statement met a database that
 * was away could not say so. `isBusy` is asked after the rows were read, and the epoch must still be the one read, so a lease
 * that is taken or given back meanwhile is never touched.
 */
export async function releaseForgotten(db: Db, worker: string, isBusy: (linkId: number) => boolean): Promise<void> {
  const held = await db
    .selectFrom('sync_map')
    .select(['id', 'lease_epoch'])
    .where('lease_worker', '=', worker)
    .execute();
  for (const { id, lease_epoch } of held.filter((row) => !isBusy(row.id)))
    await db
      .updateTable('sync_map')
      .set({ lease_worker: null, dispatched_at: null })
      .where('id', '=', id)
      .where('lease_worker', '=', worker)
      .where('lease_epoch', '=', lease_epoch)
      .execute();
}

export function linkById(db: Db, id: number): Promise<Link | undefined> {
  return db.selectFrom('sync_map').selectAll().where('id', '=', id).executeTakeFirst();
}

/** One link a replica for each of these master ids that has none yet; returns how many were new. */
export async function addMissingLinks(db: Db, masterIds: readonly number[]): Promise<number> {
  const { rows } = await sql<{ n: number }>`with new as (
      insert into sync_map (replica_id, master_doc_id)
      select r.id, m.id from replicas r cross join unnest(${masterIds}::bigint[]) as m (id)
      where not exists (select 1 from sync_map s where s.replica_id = r.id and s.master_doc_id = m.id)
      order by m.id on conflict do nothing returning 1)
    select count(*)::int as n from new`.execute(db);
  return rows[0]?.n ?? 0;
}

export interface FeedMark {
  readonly id: number;
  readonly modified: string;
}

/** Dirties the links of every replica, suspended and not-due ones too, whose document moved since it was seen or applied. */
export async function markDirty(db: Db, rows: readonly FeedMark[]): Promise<number> {
  const result = await sql`update sync_map s set dirty_seq = nextval('dirty_seq'), feed_modified = f.modified
    from unnest(${rows.map((row) => row.id)}::bigint[], ${rows.map((row) => row.modified)}::text[]) as f (id, modified)
    where s.master_doc_id = f.id
      and s.feed_modified is distinct from f.modified and s.master_modified is distinct from f.modified`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

/** Dirties the links of one replica that own these replica documents (a swap of ASNs, a link target that came back). */
export async function markDirtyByReplicaDoc(
  db: Db,
  replicaId: number,
  replicaDocIds: readonly number[],
): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`update sync_map set dirty_seq = nextval('dirty_seq')
    where replica_id = ${replicaId} and replica_doc_id = any(${replicaDocIds}::bigint[]) returning id`.execute(db);
  return rows.map((row) => row.id);
}

export interface CopyRow {
  readonly id: number;
  readonly master_doc_id: number;
  readonly replica_doc_id: number;
  /** A person left the document out: nothing that would change this copy is written. */
  readonly excluded: boolean;
}

/** Claimed copies of these master documents on one replica. */
export function copiesOf(db: Db, replicaId: number, masterIds: readonly number[]): Promise<CopyRow[]> {
  if (masterIds.length === 0) return Promise.resolve([]);
  return db
    .selectFrom('sync_map')
    .select(['id', 'master_doc_id', 'replica_doc_id', sql<boolean>`excluded_at is not null`.as('excluded')])
    .where('replica_id', '=', replicaId)
    .where('master_doc_id', 'in', [...masterIds])
    .where('replica_doc_id', 'is not', null)
    .$narrowType<{ replica_doc_id: number }>()
    .execute();
}

/** Of these master documents, those that are excluded on the replica, with a copy there or without. */
export async function excludedAmong(db: Db, replicaId: number, masterIds: readonly number[]): Promise<number[]> {
  if (masterIds.length === 0) return [];
  const { rows } = await sql<{ id: number }>`select master_doc_id as id from sync_map
    where replica_id = ${replicaId} and master_doc_id = any(${masterIds}::bigint[]) and excluded_at is not null
    order by master_doc_id`.execute(db);
  return rows.map((row) => row.id);
}

/** The links that own these replica documents, as their copy or as either end of a replacement that is under way (H14). */
export async function ownersOf(db: Db, replicaId: number, replicaDocIds: readonly number[]): Promise<CopyRow[]> {
  if (replicaDocIds.length === 0) return [];
  const { rows } = await sql<CopyRow>`
    select id, master_doc_id, replica_doc_id, excluded_at is not null as excluded from sync_map
      where replica_id = ${replicaId} and replica_doc_id = any(${replicaDocIds}::bigint[])
    union
    select s.id, s.master_doc_id, ends.doc_id, s.excluded_at is not null from replacements r join sync_map s on s.id = r.link_id
      cross join lateral (values (r.old_doc_id), (r.new_doc_id)) as ends (doc_id)
      where r.replica_id = ${replicaId} and r.finished_at is null and ends.doc_id = any(${replicaDocIds}::bigint[])`.execute(
    db,
  );
  return rows;
}

/** Of these replica document ids, those that no link owns, and the linked ones that are not among them. */
export async function censusAgainstLinks(db: Db, replicaId: number, ids: readonly number[]) {
  const { rows } = await sql<{ foreign_count: number; missing: number; linked: number }>`
    select
      (select count(*)::int from unnest(${ids}::bigint[]) as c (id)
        where not exists (select 1 from sync_map s where s.replica_id = ${replicaId} and s.replica_doc_id = c.id)) as foreign_count,
      (select count(*)::int from sync_map s where s.replica_id = ${replicaId} and s.replica_doc_id is not null
        and s.tombstone_id is null and s.excluded_at is null
        and not exists (select 1 from unnest(${ids}::bigint[]) as c (id) where c.id = s.replica_doc_id)) as missing,
      (select count(*)::int from sync_map s where s.replica_id = ${replicaId} and s.replica_doc_id is not null) as linked`.execute(
    db,
  );
  return rows[0] ?? { foreign_count: 0, missing: 0, linked: 0 };
}

/** Links of a replica that hold a claimed copy whose identity was never confirmed since the URL changed (E26). */
export function unconfirmedLinks(db: Db, replicaId: number, limit: number): Promise<Link[]> {
  return db
    .selectFrom('sync_map')
    .selectAll()
    .where('replica_id', '=', replicaId)
    .where('unconfirmed', '=', true)
    .where('replica_doc_id', 'is not', null)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Master documents whose identity is known, at random. */
export async function sampleOfMaster(
  db: Db,
  limit: number,
): Promise<{ master_doc_id: number; master_added: string }[]> {
  const { rows } = await sql<{ master_doc_id: number; master_added: string }>`
    select master_doc_id, master_added from (
      select distinct on (master_doc_id) master_doc_id, master_added from sync_map
      where master_added is not null and phase <> 'gone' order by master_doc_id) as known
    order by random() limit ${limit}`.execute(db);
  return rows;
}
