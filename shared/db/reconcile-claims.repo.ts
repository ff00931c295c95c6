/** What a reconcile changes: links are given their copy by compare-and-set, in batches, under the lease of its run (H3, E29). */
import { sql } from 'kysely';
import type { RunLease } from './runs.repo.ts';
import { sameIdentity } from './same-identity.ts';
import { durably } from './durably.ts';
import type { Db } from './tables.ts';

/** The run is still ours, and this process counts as alive (protocol section 2, point 4). */
const runIsHeld = ({ runId, worker, epoch }: RunLease) =>
  sql<boolean>`exists (select 1 from sync_runs run where run.id = ${runId} and run.finished_at is null
      and run.lease_worker = ${worker} and run.lease_epoch = ${epoch})
    and exists (select 1 from workers w where w.id = ${worker} and not w.dead for share)`;

/** A link that a living process works on is left to it. */
const linkIsFree = sql<boolean>`(s.lease_worker is null
  or exists (select 1 from workers w where w.id = s.lease_worker and w.dead))`;

/** Another document is the copy now, or the id of the copy (or of the master document) names another document. */
const hasChanged = sql<boolean>`s.replica_doc_id is not null and m.matched_to is distinct from s.replica_doc_id
  and m.rule is distinct from 'in_flight'
  and (m.matched_to is not null
    or exists (select 1 from reconcile_rows r where r.scan_id = m.scan_id and r.side = 'replica'
      and r.doc_id = s.replica_doc_id and not ${sameIdentity('s.replica_added', 'r.added')})
    or (s.master_added is not null and not ${sameIdentity('s.master_added', 'm.added')}))`;

/** How many links would give up their copy. */
export async function countChanged(db: Db, scanId: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from reconcile_rows m join sync_map s
    on s.id = m.link_id where m.scan_id = ${scanId} and m.side = 'master' and ${hasChanged}`.execute(db);
  return rows[0]?.n ?? 0;
}

/**
 * Links whose document is not the copy they were made for any more, or that belong to another one now, give it up. What they
 * had is kept as `former`: should the process die here, the next reconcile begins with it (H10).
 */
export async function releaseChanged(db: Db, scanId: number, lease: RunLease): Promise<number> {
  const { rows } = await sql<{ n: number }>`with released as (
      update sync_map s set former_doc_id = s.replica_doc_id, former_added = s.replica_added,
        replica_doc_id = null, replica_added = null, replica_modified = null, applied = null, last_synced = null, plan = null,
        unconfirmed = false, locate = true, status = 'pending', phase = 'pending', error_code = null, error_msg = null,
        retry_count = 0, failed_at = null, next_due_at = null, dirty_seq = nextval('dirty_seq')
      from reconcile_rows m
      where m.scan_id = ${scanId} and m.side = 'master' and m.link_id = s.id and ${hasChanged}
        and ${linkIsFree} and ${runIsHeld(lease)}
      returning s.id, s.former_doc_id),
    -- Nobody asks the uploads of the former copy for their document again, nor takes its notes and versions for those of another.
    attempts as (update upload_attempts a set state = 'failure', failure_code = 'copy_lost',
        terminal_at = coalesce(a.terminal_at, now()), closed_at = coalesce(a.closed_at, now())
      from released where a.link_id = released.id and a.success_doc_id = released.former_doc_id),
    notes as (delete from note_links n using released where n.link_id = released.id),
    versions as (delete from version_links v using released where v.link_id = released.id)
    select count(*)::int as n from released`.execute(db);
  return rows[0]?.n ?? 0;
}

export interface ClaimBatch {
  /** The last master id of the batch; null when there is none left. */
  readonly last: number | null;
  readonly matched: number;
  readonly claimed: number;
}

/**
 * Gives the next matched links their copies, and enters them into the run's change set in the same transaction: a process that
 * dies after it leaves nothing half done. Copies that need a file wait for the next ordinary run, since a reconcile sends none.
 * A copy that another link owns by now, or a leased link, is passed over.
 */
export async function claimMatched(
  db: Db,
  scanId: number,
  replicaId: number,
  lease: RunLease,
  batch: { after: number; limit: number; chunkSize: number },
): Promise<ClaimBatch> {
  return durably(db, async (trx) => {
    const todo = sql`select m.doc_id, m.link_id, m.matched_to, m.rule, m.added as master_added, m.sha256, m.md5,
        m.newest_hex, r.added as copy_added, r.root_hex, r.newest_hex as copy_hex
      from reconcile_rows m join reconcile_rows r
        on r.scan_id = m.scan_id and r.side = 'replica' and r.doc_id = m.matched_to
      where m.scan_id = ${scanId} and m.side = 'master' and m.rule <> 'kept' and m.doc_id > ${batch.after}
      order by m.doc_id limit ${batch.limit}`;
    const { rows } = await sql<{ last: number | null; matched: number; claimed: number }>`with t as (${todo}),
      done as (update sync_map s set replica_doc_id = t.matched_to, replica_added = t.copy_added,
          stored_checksum = case when t.rule = 'identity' then s.stored_checksum else t.root_hex end,
          master_added = t.master_added, former_doc_id = null, former_added = null,
          file_checksum = case when t.rule = 'identity' then s.file_checksum else ${hashOf('sha256', 64)} end,
          file_md5 = case when t.rule = 'identity' then s.file_md5 else ${hashOf('md5', 32)} end,
          file_size = case when t.rule = 'identity' then s.file_size end,
          unconfirmed = false, locate = false, task_id = null, status = 'pending', phase = 'claimed', error_code = null,
          error_msg = null, retry_count = 0, failed_at = null, next_due_at = null, dirty_seq = nextval('dirty_seq')
        from t where s.id = t.link_id and s.replica_id = ${replicaId}
          and (s.replica_doc_id is null or s.replica_doc_id = t.matched_to) and ${linkIsFree} and ${runIsHeld(lease)}
          and not exists (select 1 from sync_map o
            where o.replica_id = s.replica_id and o.replica_doc_id = t.matched_to and o.id <> s.id)
        returning s.id),
      items as (insert into run_items (run_id, link_id, chunk, kind)
        select ${lease.runId}, t.link_id, (((select count(*) from run_items i where i.run_id = ${lease.runId})
          + row_number() over (order by t.link_id) - 1) / ${batch.chunkSize}::int)::int, 'update'
        from t join done on done.id = t.link_id where t.rule not in ('root', 'identity') on conflict do nothing)
      select max(t.doc_id) as last, count(*)::int as matched, (select count(*)::int from done) as claimed from t`.execute(
      trx,
    );
    return rows[0] ?? { last: null, matched: 0, claimed: 0 };
  });
}

/**
 * What is known of the copy's file in one family: the master's where both are equal; of a copy that lacks versions its own, so
 * that the difference is seen.
 */
function hashOf(column: 'sha256' | 'md5', length: number) {
  const known = sql`case when t.rule = 'root' then null else ${sql.ref(`t.${column}`)} end`;
  const own = sql`case when t.rule = 'root' then t.copy_hex else t.newest_hex end`;
  return sql`coalesce(${known}, case when length(${own}) = ${length} then ${own} end)`;
}

/** Copies that are on the replica no more and were not found elsewhere: open work of the next ordinary run. */
export async function dirtyVanished(db: Db, scanId: number): Promise<number> {
  const result = await sql`update sync_map s set dirty_seq = nextval('dirty_seq') from reconcile_rows m
    where m.scan_id = ${scanId} and m.side = 'master' and m.link_id = s.id and m.rule is null
      and s.replica_doc_id is not null and s.dirty_seq = s.applied_seq
      and not exists (select 1 from reconcile_rows r
        where r.scan_id = m.scan_id and r.side = 'replica' and r.doc_id = s.replica_doc_id)`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

/** The change set as the claims made it. */
export async function countItems(db: Db, runId: number): Promise<{ total: number; chunks: number }> {
  const { rows } = await sql<{ total: number; chunks: number }>`
    select count(*)::int as total, coalesce(max(chunk) + 1, 0)::int as chunks from run_items where run_id = ${runId}`.execute(
    db,
  );
  return rows[0] ?? { total: 0, chunks: 0 };
}

export interface ReconciledReplica {
  readonly complete: boolean;
  readonly knownMarks: readonly number[];
  readonly highWater: { id: number; added: string } | null;
}

/** Uploads may go on once everything was matched; identities are remembered anew from here on. */
export async function noteReconciled(db: Db, replicaId: number, done: ReconciledReplica): Promise<void> {
  await sql`update replicas set reconciled_at = now(), unconfirmed = false, known_marks = ${JSON.stringify(done.knownMarks)},
      reconcile_required = case when ${done.complete} then null else reconcile_required end,
      high_water_id = ${done.highWater?.id ?? null}, high_water_added = ${done.highWater?.added ?? null}
    where id = ${replicaId}`.execute(db);
}

/** Until the reconcile is through, nothing is sent: a link that gave its copy up would be uploaded a second time. */
export async function requireReconcile(db: Db, replicaId: number, why: string): Promise<void> {
  await sql`update replicas set reconcile_required = coalesce(reconcile_required, ${why}) where id = ${replicaId}`.execute(
    db,
  );
}
