/** Runs and their change sets. A cycle run has one child run a replica; a run with open items is unfinished work. */
import { sql, type Updateable } from 'kysely';
import type { DispatchBy } from './dispatch.repo.ts';
import type { Db, Run, RunMode, RunOutcome, SyncRunsTable } from './tables.ts';

export type RunPatch = Omit<Updateable<SyncRunsTable>, 'id'>;

export interface RunLease {
  readonly runId: number;
  readonly worker: string;
  readonly epoch: number;
}

/** What a run is for beyond the ordinary: a sweep compares everything, the other modes match copies anew. */
export interface RunPurpose {
  readonly sweep?: boolean;
  readonly mode?: RunMode;
}

export async function insertCycle(db: Db, triggeredBy: string, purpose: RunPurpose = {}): Promise<number> {
  const row = await db
    .insertInto('sync_runs')
    .values({ kind: 'cycle', triggered_by: triggeredBy, ...purpose })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

/** Takes back a cycle that has nothing to do, in the transaction that opened it. */
export async function deleteCycle(trx: Db, id: number): Promise<void> {
  await trx.deleteFrom('sync_runs').where('id', '=', id).execute();
}

/** Opens a replica's run under a cycle; null if one is open already (one open run a replica, H13). */
export async function insertReplicaRun(
  db: Db,
  cycleId: number,
  replicaId: number,
  triggeredBy: string,
  { sweep = false, mode = 'sync' }: RunPurpose = {},
): Promise<number | null> {
  const { rows } = await sql<{ id: number }>`
    insert into sync_runs (parent_run_id, replica_id, kind, triggered_by, phase, sweep, mode)
    values (${cycleId}, ${replicaId}, 'replica', ${triggeredBy}, 'waiting', ${sweep}, ${mode})
    on conflict do nothing returning id`.execute(db);
  return rows[0]?.id ?? null;
}

export function runById(db: Db, id: number): Promise<Run | undefined> {
  return db.selectFrom('sync_runs').selectAll().where('id', '=', id).executeTakeFirst();
}

export function openRunOf(db: Db, replicaId: number): Promise<Run | undefined> {
  return db
    .selectFrom('sync_runs')
    .selectAll()
    .where('replica_id', '=', replicaId)
    .where('finished_at', 'is', null)
    .executeTakeFirst();
}

export function childrenOf(db: Db, cycleId: number): Promise<Run[]> {
  return db.selectFrom('sync_runs').selectAll().where('parent_run_id', '=', cycleId).orderBy('id').execute();
}

/** Of these runs, those that have ended. */
export async function closedAmong(db: Db, ids: readonly number[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from sync_runs where id = any(${ids}::bigint[]) and finished_at is not null`.execute(db);
  return rows.map((row) => row.id);
}

/** A cycle that has not ended; the newest. */
export function openCycleRun(db: Db): Promise<Run | undefined> {
  return db
    .selectFrom('sync_runs')
    .selectAll()
    .where('kind', '=', 'cycle')
    .where('finished_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export function unfinishedRuns(db: Db): Promise<Run[]> {
  return db.selectFrom('sync_runs').selectAll().where('finished_at', 'is', null).orderBy('id').execute();
}

export async function replicasUnderWay(db: Db): Promise<number[]> {
  const rows = await db
    .selectFrom('sync_runs')
    .select('replica_id')
    .where('kind', '=', 'replica')
    .where('finished_at', 'is', null)
    .where('replica_id', 'is not', null)
    .orderBy('replica_id')
    .$narrowType<{ replica_id: number }>()
    .execute();
  return rows.map((row) => row.replica_id);
}

/** Takes the run for the step of one job (opening, feed, taxonomy, planning); null if a living process holds it. */
export async function takeRun(db: Db, runId: number, worker: string): Promise<Run | null> {
  const { rows } = await sql<Run>`
    update sync_runs set lease_worker = ${worker}, lease_epoch = lease_epoch + 1
    where id = ${runId} and finished_at is null
      and (lease_worker is null or exists (select 1 from workers w where w.id = sync_runs.lease_worker and w.dead))
    returning *`.execute(db);
  return rows[0] ?? null;
}

export async function updateRun(db: Db, lease: RunLease, patch: RunPatch): Promise<Run | null> {
  const rows = await db
    .updateTable('sync_runs')
    .set(patch)
    .where('id', '=', lease.runId)
    .where('lease_epoch', '=', lease.epoch)
    .where('lease_worker', '=', lease.worker)
    .where('finished_at', 'is', null)
    .returningAll()
    .execute();
  return rows[0] ?? null;
}

export async function releaseRun(db: Db, lease: RunLease, patch: RunPatch = {}): Promise<void> {
  await updateRun(db, lease, { ...patch, lease_worker: null });
}

/** As releaseForgotten of links. */
export async function releaseForgottenRuns(db: Db, worker: string, isBusy: (runId: number) => boolean): Promise<void> {
  const held = await db
    .selectFrom('sync_runs')
    .select(['id', 'lease_epoch'])
    .where('lease_worker', '=', worker)
    .where('finished_at', 'is', null)
    .execute();
  for (const { id, lease_epoch } of held.filter((row) => !isBusy(row.id)))
    await db
      .updateTable('sync_runs')
      .set({ lease_worker: null, dispatched_at: null })
      .where('id', '=', id)
      .where('lease_worker', '=', worker)
      .where('lease_epoch', '=', lease_epoch)
      .execute();
}

export async function releaseRunsOf(db: Db, worker: string): Promise<void> {
  await db
    .updateTable('sync_runs')
    .set({ lease_worker: null, dispatched_at: null })
    .where('lease_worker', '=', worker)
    .execute();
}

/** Its job is in the queue. Until then the row stands as never dispatched, for whoever opened it may die in between. */
export async function noteRunDispatched(db: Db, runId: number): Promise<void> {
  await sql`update sync_runs set dispatched_at = now() where id = ${runId} and dispatched_at is null`.execute(db);
}

/** Runs whose job was lost: unfinished, in a phase that needs a job, nobody living on it. Marks them as dispatched. */
export async function takeLostRuns(db: Db, by: DispatchBy): Promise<Pick<Run, 'id' | 'kind' | 'dispatch_gen'>[]> {
  const { rows } = await sql<Pick<Run, 'id' | 'kind' | 'dispatch_gen'>>`
    update sync_runs r set dispatched_at = now(), dispatched_by = ${by.worker}, dispatch_gen = dispatch_gen + 1
    where r.finished_at is null and r.phase in ('opening', 'feed', 'starting', 'taxonomy', 'planning')
      and ((r.lease_worker is null and (r.dispatched_at is null or r.dispatched_at < now() - make_interval(secs => ${by.lostAfterMs / 1000})
          or exists (select 1 from workers w where w.id = r.dispatched_by and w.dead)))
        or exists (select 1 from workers w where w.id = r.lease_worker and w.dead))
    returning r.id, r.kind, r.dispatch_gen`.execute(db);
  return rows;
}

/** The queue took no job of it: nobody has to wait until it counts as lost. */
export async function undispatchRun(db: Db, runId: number, generation: number): Promise<void> {
  await sql`update sync_runs set dispatched_at = null
    where id = ${runId} and dispatch_gen = ${generation} and lease_worker is null`.execute(db);
}

/** The replica runs of a cycle may begin: the feed is done. */
export async function startChildren(
  db: Db,
  cycleId: number,
  worker: string,
): Promise<Pick<Run, 'id' | 'kind' | 'dispatch_gen'>[]> {
  const { rows } = await sql<Pick<Run, 'id' | 'kind' | 'dispatch_gen'>>`
    update sync_runs set phase = 'starting', dispatched_at = now(), dispatched_by = ${worker}, dispatch_gen = dispatch_gen + 1
    where parent_run_id = ${cycleId} and finished_at is null and phase = 'waiting' returning id, kind, dispatch_gen`.execute(
    db,
  );
  return rows;
}

/**
 * The change set: links with open work that is due, and of those in error the 50 oldest (E13). Idempotent; numbers chunks
 * of at most `chunkSize`. Returns how many chunks there are.
 */
export async function planItems(
  db: Db,
  runId: number,
  replicaId: number,
  chunkSize: number,
): Promise<{ total: number; chunks: number }> {
  await sql`
    insert into run_items (run_id, link_id, chunk, kind)
    select ${runId}, w.id, ((row_number() over (order by w.update_first, w.id) - 1) / ${chunkSize}::int)::int,
      case when w.update_first = 0 then 'update' else 'upload' end
    from (
      select id, case when replica_doc_id is null then 1 else 0 end as update_first from sync_map
      where replica_id = ${replicaId} and dirty_seq <> applied_seq and phase <> 'failed'
        and (next_due_at is null or next_due_at <= now())
        and (replica_doc_id is not null
          or not exists (select 1 from match_proposals p where p.link_id = sync_map.id and p.state = 'open'))
      union all
      select id, u from (
        select id, case when replica_doc_id is null then 1 else 0 end as u from sync_map
        where replica_id = ${replicaId} and dirty_seq <> applied_seq and phase = 'failed'
          and (next_due_at is null or next_due_at <= now())
        order by failed_at nulls first, id limit 50) as failed) as w
    on conflict do nothing`.execute(db);
  const row = await db
    .selectFrom('run_items')
    .select((eb) => [eb.fn.countAll<number>().as('total'), eb.fn.max('chunk').as('last')])
    .where('run_id', '=', runId)
    .executeTakeFirst();
  const total = Number(row?.total ?? 0);
  return { total, chunks: total === 0 ? 0 : Number(row?.last ?? 0) + 1 };
}

/**
 * After a large change set was written: PostgreSQL would plan for a handful of rows until autovacuum comes by, and join the
 * change set with the links in nested loops at every look of the dispatcher. A role that may not analyze is only warned.
 */
export async function analyzeWork(db: Db): Promise<void> {
  await sql`analyze run_items, sync_map`.execute(db);
}

/** A chunk's links may be dispatched from now on. */
export async function openChunk(db: Db, runId: number, chunk: number): Promise<void> {
  await db
    .updateTable('run_items')
    .set({ state: 'open' })
    .where('run_id', '=', runId)
    .where('chunk', '=', chunk)
    .where('state', '=', 'planned')
    .execute();
}

export async function plannedChunks(db: Db, runId: number): Promise<number[]> {
  const rows = await db
    .selectFrom('run_items')
    .select('chunk')
    .distinct()
    .where('run_id', '=', runId)
    .where('state', '=', 'planned')
    .execute();
  return rows.map((row) => row.chunk);
}

export async function settleItem(
  db: Db,
  runId: number,
  linkId: number,
  state: 'done' | 'failed' | 'held',
  bytes: number,
): Promise<void> {
  await sql`
    with settled as (
      update run_items set state = ${state} where run_id = ${runId} and link_id = ${linkId} and state in ('open', 'planned') returning 1)
    update sync_runs set
      docs_synced = docs_synced + case when ${state} = 'done' then 1 else 0 end,
      docs_failed = docs_failed + case when ${state} = 'failed' then 1 else 0 end,
      docs_held = docs_held + case when ${state} = 'held' then 1 else 0 end,
      bytes = bytes + ${bytes}::bigint, instance_faults = 0
    where id = ${runId} and exists (select 1 from settled)`.execute(db);
}

/** The open run that still has this document to do; undefined if none. */
export async function openRunOfLink(db: Db, linkId: number): Promise<number | undefined> {
  const row = await db
    .selectFrom('run_items')
    .innerJoin('sync_runs', 'sync_runs.id', 'run_items.run_id')
    .select('run_items.run_id as id')
    .where('run_items.link_id', '=', linkId)
    .where('run_items.state', 'in', ['open', 'planned'])
    .where('sync_runs.finished_at', 'is', null)
    .executeTakeFirst();
  return row?.id;
}

/** Files that went over in a look that did not end the document: most uploads end in a snooze. */
export async function addBytes(db: Db, runId: number, bytes: number): Promise<void> {
  await sql`update sync_runs set bytes = bytes + ${bytes}::bigint where id = ${runId}`.execute(db);
}

export async function hasOpenItems(db: Db, runId: number): Promise<boolean> {
  const { rows } = await sql<{ open: boolean }>`
    select exists (select 1 from run_items where run_id = ${runId} and state in ('open', 'planned')) as open`.execute(
    db,
  );
  return rows[0]?.open ?? false;
}

/** Counts a fault of an instance; returns how many came in a row. */
export async function countInstanceFault(db: Db, runId: number): Promise<number> {
  const row = await db
    .updateTable('sync_runs')
    .set({ instance_faults: sql`instance_faults + 1` })
    .where('id', '=', runId)
    .returning('instance_faults')
    .executeTakeFirst();
  return row?.instance_faults ?? 0;
}

export interface Closing {
  readonly outcome: RunOutcome;
  readonly errorCode?: string | null;
  readonly errorMsg?: string | null;
  readonly errorSide?: 'master' | 'replica' | null;
}

/** Closes a run once; null if somebody else did. */
export async function closeRun(db: Db, runId: number, closing: Closing): Promise<Run | null> {
  const rows = await db
    .updateTable('sync_runs')
    .set({
      finished_at: sql`now()`,
      outcome: closing.outcome,
      timed_out: closing.outcome === 'timed_out',
      error_code: closing.errorCode ?? null,
      error_msg: closing.errorMsg ?? null,
      error_side: closing.errorSide ?? null,
      phase: 'closed',
      lease_worker: null,
      context: null,
    })
    .where('id', '=', runId)
    .where('finished_at', 'is', null)
    .returningAll()
    .execute();
  return rows[0] ?? null;
}

/** What became of a replica as a whole: good runs reset the failures; a failure of the replica counts (E16). */
export async function noteGoodRun(db: Db, replicaId: number, startedAt: Date): Promise<void> {
  await db
    .updateTable('replicas')
    .set({ last_sync_ts: startedAt, consecutive_failures: 0, error_code: null, error_msg: null })
    .where('id', '=', replicaId)
    .execute();
}

/** Returns true when this failure reached the threshold and suspended the replica. */
export async function noteFailedRun(
  db: Db,
  replicaId: number,
  threshold: number,
  code: string,
  message: string,
): Promise<boolean> {
  const { rows } = await sql<{ suspended: boolean }>`
    update replicas set consecutive_failures = consecutive_failures + 1, error_code = ${code}, error_msg = ${message},
      suspended_at = case when consecutive_failures + 1 >= ${threshold} then coalesce(suspended_at, now()) else suspended_at end,
      suspended_reason = case when consecutive_failures + 1 >= ${threshold}
        then coalesce(suspended_reason, consecutive_failures + 1 || ' failed runs in a row; the last: ' || ${message}) else suspended_reason end
    where id = ${replicaId} returning consecutive_failures = ${threshold} and suspended_at is not null as suspended`.execute(
    db,
  );
  return rows[0]?.suspended ?? false;
}

export async function suspendReplica(db: Db, replicaId: number, code: string, reason: string): Promise<void> {
  await sql`update replicas set suspended_at = coalesce(suspended_at, now()), suspended_reason = ${reason},
    error_code = ${code}, error_msg = ${reason} where id = ${replicaId}`.execute(db);
}

/** Change sets of runs that ended over a week ago: what they did is in the runs' counters and the links. */
export async function pruneRunItems(db: Db): Promise<void> {
  await sql`delete from run_items i using sync_runs r where r.id = i.run_id and r.finished_at < now() - interval '7 days'`.execute(
    db,
  );
}
