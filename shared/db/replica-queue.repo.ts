/** What is known of a replica's own task list (E14): asked by one process at a time, and only while uploads wait for it. */
import { sql } from 'kysely';
import { BEGUN } from '../domain/document-state.ts';
import type { Db } from './tables.ts';

/** What was seen longer ago than so many looks says nothing of the queue as it is now. */
const KNOWN_LOOKS = 3;

export interface PacedReplica {
  readonly library_proven: boolean;
  readonly quiet_hours: string | null;
  readonly queue_foreign: number | null;
  readonly queue_oldest_at: Date | null;
  /** Whether it is time to look again. */
  readonly queue_due: boolean;
  /** Until when the replica wants to be left alone (429); in the past or null: it does not. */
  readonly refused_until: Date | null;
}

export async function pacedReplica(db: Db, replicaId: number, lookEveryMs: number): Promise<PacedReplica | null> {
  const { rows } = await sql<PacedReplica>`
    select r.library_proven, r.quiet_hours, r.queue_oldest_at,
      case when r.queue_asked_at > now() - make_interval(secs => ${(KNOWN_LOOKS * lookEveryMs) / 1000}::float8) then r.queue_foreign end as queue_foreign,
      coalesce(r.queue_asked_at < now() - make_interval(secs => ${lookEveryMs / 1000}::float8), true) as queue_due,
      (select nullif(p.refused_until, '-infinity') from request_pace p where p.target = r.id) as refused_until
    from replicas r where r.id = ${replicaId}`.execute(db);
  return rows[0] ?? null;
}

/** True for the one process that is to look now. What was known too long ago is forgotten until it has. */
export async function claimQueueLook(db: Db, replicaId: number, lookEveryMs: number): Promise<boolean> {
  const { rows } = await sql`
    update replicas set queue_asked_at = now(),
      queue_foreign = case when queue_asked_at > now() - make_interval(secs => ${(KNOWN_LOOKS * lookEveryMs) / 1000}::float8) then queue_foreign end
    where id = ${replicaId} and (queue_asked_at is null or queue_asked_at < now() - make_interval(secs => ${lookEveryMs / 1000}::float8))
    returning id`.execute(db);
  return rows.length > 0;
}

/** What rests on this replica until a later time is due now: a person decided otherwise. New jobs overtake those that rest. */
export async function wakeRested(db: Db, replicaId: number): Promise<void> {
  await sql`update sync_map set dispatched_at = null
    where replica_id = ${replicaId} and dispatched_at > now() and lease_worker is null`.execute(db);
  await sql`update sync_runs set dispatched_at = null
    where finished_at is null and dispatched_at > now() and lease_worker is null
      and (replica_id = ${replicaId} or id in (select parent_run_id from sync_runs where replica_id = ${replicaId} and finished_at is null))`.execute(
    db,
  );
}

/** A run that is open already becomes the one a person asked for. */
export async function askedByHand(db: Db, replicaId: number, trigger: string): Promise<void> {
  await sql`update sync_runs set triggered_by = ${trigger} where replica_id = ${replicaId} and finished_at is null and triggered_by <> 'webhook'`.execute(
    db,
  );
  await wakeRested(db, replicaId);
}

export async function noteQueue(
  db: Db,
  replicaId: number,
  { foreign, oldestAt }: { readonly foreign: number; readonly oldestAt: Date | null },
): Promise<void> {
  await db
    .updateTable('replicas')
    .set({ queue_foreign: foreign, queue_oldest_at: oldestAt, queue_asked_at: sql`now()` as never })
    .where('id', '=', replicaId)
    .execute();
}

/** Which of these tasks belong to uploads of ours, and whether we still wait for them. */
export async function ownTasks(db: Db, taskIds: readonly string[]): Promise<{ taskId: string; waiting: boolean }[]> {
  if (taskIds.length === 0) return [];
  const { rows } = await sql<{ taskId: string; waiting: boolean }>`
    select lower(task_id) as "taskId", bool_or(state = 'awaiting') as waiting from (
      select task_id, state::text from upload_attempts where task_id = any(${taskIds}::text[])
      union all select task_id, state::text from version_attempts where task_id = any(${taskIds}::text[])) own
    group by 1`.execute(db);
  return rows;
}

/** Whether a run has uploads that were not begun: only they are held back. */
export async function uploadsWait(db: Db, runId: number): Promise<boolean> {
  const { rows } = await sql<{ wait: boolean }>`
    select exists (select 1 from run_items i join sync_map s on s.id = i.link_id
      where i.run_id = ${runId} and i.state = 'open' and i.kind = 'upload'
        and s.phase not in (${sql.join([...BEGUN, 'linking'].map((phase) => sql.lit(phase)))})) as wait`.execute(db);
  return rows[0]?.wait ?? false;
}
