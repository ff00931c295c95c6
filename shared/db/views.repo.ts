/** Reads for people: one query a view, with just the columns that it shows. */
import { sql } from 'kysely';
import { UNSETTLED } from './link-conditions.ts';
import type { Db, LinkStatus, RunOutcome } from './tables.ts';

export interface LinkCount {
  readonly replica_id: number;
  readonly status: LinkStatus;
  readonly phase: string;
  readonly documents: number;
}
/** Documents of every replica by state. */
export async function countLinksByState(db: Db): Promise<LinkCount[]> {
  const { rows } = await sql<LinkCount>`
    with unsettled as (
      select replica_id, status, phase, count(*)::int as documents from sync_map where ${UNSETTLED} group by 1, 2, 3)
    select replica_id, status, phase, documents from unsettled
    union all
    select * from (
      select t.replica_id, 'ok', 'ok', (t.links - coalesce(sum(u.documents), 0))::int as documents
      from link_totals t left join unsettled u on u.replica_id = t.replica_id group by t.replica_id) as settled
    where settled.documents > 0`.execute(db);
  return rows;
}

/** Uploads whose outcome a replica still owes us. */
export function countPendingTasks(db: Db): Promise<{ replica_id: number; tasks: number }[]> {
  return db
    .selectFrom('upload_attempts')
    .innerJoin('sync_map', 'sync_map.id', 'upload_attempts.link_id')
    .select(['sync_map.replica_id', sql<number>`count(*)::int`.as('tasks')])
    .where('upload_attempts.state', 'in', ['sending', 'unknown', 'awaiting'])
    .where('upload_attempts.closed_at', 'is', null)
    .groupBy('sync_map.replica_id')
    .execute();
}

export interface RunView {
  readonly id: number;
  readonly parent_run_id: number | null;
  readonly kind: 'cycle' | 'replica';
  readonly replica_id: number | null;
  readonly replica: string | null;
  readonly triggered_by: string;
  readonly phase: string;
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly outcome: RunOutcome | null;
  readonly timed_out: boolean;
  readonly docs_total: number;
  readonly docs_synced: number;
  readonly docs_failed: number;
  readonly docs_held: number;
  readonly bytes: number;
  readonly error_code: string | null;
  readonly error_msg: string | null;
  readonly error_side: string | null;
}

const runs = (db: Db) =>
  db
    .selectFrom('sync_runs as run')
    .leftJoin('replicas', 'replicas.id', 'run.replica_id')
    .select(['run.id', 'run.parent_run_id', 'run.kind', 'run.replica_id', 'replicas.name as replica'])
    .select(['run.triggered_by', 'run.phase', 'run.started_at', 'run.finished_at', 'run.outcome', 'run.timed_out'])
    .select(['run.docs_total', 'run.docs_synced', 'run.docs_failed', 'run.docs_held', 'run.bytes'])
    .select(['run.error_code', 'run.error_msg', 'run.error_side']);

export function listOpenRuns(db: Db): Promise<RunView[]> {
  return runs(db).where('run.finished_at', 'is', null).orderBy('run.id').execute();
}

export interface RunFilter {
  readonly replicaId?: number | undefined;
  readonly kind?: 'cycle' | 'replica' | undefined;
  readonly outcome?: RunOutcome | undefined;
  readonly finished?: boolean | undefined;
}
/** Newest first. `before` is the id of the last run that the caller has. */
export function listRuns(
  db: Db,
  filter: RunFilter,
  page: { readonly before?: number | undefined; readonly limit: number },
): Promise<RunView[]> {
  return runs(db)
    .$if(filter.replicaId !== undefined, (query) => query.where('run.replica_id', '=', filter.replicaId as number))
    .$if(filter.kind !== undefined, (query) => query.where('run.kind', '=', filter.kind as 'cycle' | 'replica'))
    .$if(filter.outcome !== undefined, (query) => query.where('run.outcome', '=', filter.outcome as RunOutcome))
    .$if(filter.finished === true, (query) => query.where('run.finished_at', 'is not', null))
    .$if(page.before !== undefined, (query) => query.where('run.id', '<', page.before as number))
    .orderBy('run.id', 'desc')
    .limit(page.limit)
    .execute();
}

export function findRun(db: Db, id: number): Promise<RunView | undefined> {
  return runs(db).where('run.id', '=', id).executeTakeFirst();
}

export function listChildRuns(db: Db, parentId: number): Promise<RunView[]> {
  return runs(db).where('run.parent_run_id', '=', parentId).orderBy('run.id').execute();
}

/** The last finished run of each replica. */
export function lastReplicaRuns(db: Db): Promise<RunView[]> {
  // One look at the end of the index for each replica; `distinct on` would read and sort all runs there ever were.
  const last = sql<number>`(select last.id from replicas cross join lateral (select id from sync_runs
    where replica_id = replicas.id and kind = 'replica' and finished_at is not null order by id desc limit 1) last)`;
  return runs(db).where('run.id', 'in', last).execute();
}

/**
 * Master documents with an unfinished link on this replica: a reserved ASN that names one of them is our own upload. One that
 * was excluded with an upload under way is unfinished, too.
 */
export async function unfinishedMasterIds(db: Db, replicaId: number): Promise<ReadonlySet<number>> {
  const rows = await db
    .selectFrom('sync_map')
    .select('master_doc_id')
    .where('replica_id', '=', replicaId)
    .where(sql<boolean>`(dirty_seq <> applied_seq or excluded_at is not null)`)
    .execute();
  return new Set(rows.map((row) => row.master_doc_id));
}

/** Documents that this replica refused because it holds the same bytes. */
export async function countRefusedDuplicates(db: Db, replicaId: number): Promise<number> {
  const row = await db
    .selectFrom('sync_map')
    .select(sql<number>`count(*)::int`.as('documents'))
    .where('replica_id', '=', replicaId)
    .where('status', '=', 'error')
    .where('phase', '=', 'blocked')
    .where('error_code', '=', 'duplicate_content')
    .executeTakeFirst();
  return row?.documents ?? 0;
}
