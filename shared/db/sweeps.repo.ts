/** Where the sweep of each replica stands, and what it found (E19). */
import { sql } from 'kysely';
import type { RunLease } from './runs.repo.ts';
import type { Db, Link } from './tables.ts';

const holdsRun = ({ runId, worker, epoch }: RunLease) => sql<boolean>`exists (select 1 from sync_runs r
  where r.id = ${runId} and r.lease_epoch = ${epoch} and r.lease_worker = ${worker} and r.finished_at is null)`;

/** Starts one unless one is under way. */
export async function beginSweep(db: Db, lease: RunLease, replicaId: number): Promise<void> {
  await sql`update replicas set sweep_position = coalesce(sweep_position, 0),
      sweep_started_at = case when sweep_position is null then now() else sweep_started_at end
    where id = ${replicaId} and ${holdsRun(lease)}`.execute(db);
}

export async function saveSweepPosition(
  db: Db,
  lease: RunLease,
  replicaId: number,
  position: number,
): Promise<boolean> {
  const result = await sql`update replicas set sweep_position = ${position}
    where id = ${replicaId} and ${holdsRun(lease)}`.execute(db);
  return Number(result.numAffectedRows ?? 0) > 0;
}

/** It counts from its start: what changed while it ran is for the next. */
export async function endSweep(db: Db, lease: RunLease, replicaId: number): Promise<void> {
  await sql`update replicas set sweep_position = null, last_sweep_at = sweep_started_at
    where id = ${replicaId} and ${holdsRun(lease)}`.execute(db);
}

/** Links with a copy, in the order of master ids, after `position`. */
export function nextToSweep(db: Db, replicaId: number, position: number, limit: number): Promise<Link[]> {
  return db
    .selectFrom('sync_map')
    .selectAll()
    .where('replica_id', '=', replicaId)
    .where('master_doc_id', '>', position)
    .where('replica_doc_id', 'is not', null)
    .where('excluded_at', 'is', null)
    .orderBy('master_doc_id')
    .limit(limit)
    .execute();
}

export interface SweptLink {
  readonly linkId: number;
  readonly differs: boolean;
  /** Of the master's document; null where it was not in the answer. */
  readonly masterHash: string | null;
}

/**
 * Dirties links at rest. A document that is blocked or in the DLQ differs for a known reason: it becomes due again only when
 * the master's side is not what it was at the last sweep. Returns how many became dirty.
 */
export async function markSwept(db: Db, replicaId: number, swept: readonly SweptLink[]): Promise<number> {
  const { rows } = await sql<{ dirty: boolean }>`
    with seen as (
      select s.id, n.hash, n.differs and s.dirty_seq = s.applied_seq and s.lease_worker is null
        and (s.phase = 'ok' or s.phase <> 'gone' and s.master_hash is not null and n.hash <> s.master_hash) as due
      from unnest(${swept.map((one) => one.linkId)}::bigint[], ${swept.map((one) => one.differs)}::boolean[],
        ${swept.map((one) => one.masterHash)}::text[]) as n (id, differs, hash)
      join sync_map s on s.id = n.id and s.replica_id = ${replicaId}
      for update of s)
    update sync_map s set dirty_seq = case when seen.due then nextval('dirty_seq') else s.dirty_seq end,
      master_hash = coalesce(seen.hash, s.master_hash)
    from seen where s.id = seen.id and (seen.due or s.master_hash is distinct from coalesce(seen.hash, s.master_hash))
    returning seen.due as dirty`.execute(db);
  return rows.filter((row) => row.dirty).length;
}

/** Copies that the census of the replica no longer shows: looked at by their jobs, which alone can prove what became of them. */
export async function markVanished(db: Db, replicaId: number, liveIds: readonly number[]): Promise<number> {
  const result = await sql`update sync_map s set dirty_seq = nextval('dirty_seq')
    where s.replica_id = ${replicaId} and s.replica_doc_id is not null and s.phase = 'ok' and s.dirty_seq = s.applied_seq
      and not exists (select 1 from unnest(${liveIds}::bigint[]) as c (id) where c.id = s.replica_doc_id)`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}
