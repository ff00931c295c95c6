/** Pause and cancel: what a person stops. Work under way ends cleanly, and nothing of it is lost (E15, E16). */
import { findReplica, updateReplica } from '../db/replicas.repo.ts';
import * as runs from '../db/runs.repo.ts';
import type { Replica, Run } from '../db/tables.ts';
import { AppError } from '../kernel/errors.ts';
import { closeCycle, closeReplicaRun, tryCloseReplicaRun, type CloseDeps } from './close-runs.ts';
import { stopWork } from './stop-work.ts';
import { replicaNotFound } from './update-replica.ts';

/** No cycle takes it up until somebody resumes it; a run under way is cancelled. */
export async function pauseReplica(deps: CloseDeps, id: number, reason: string): Promise<Replica> {
  const replica = await updateReplica(deps.db, id, { paused_at: deps.clock.now(), pause_reason: reason });
  if (replica === undefined) throw replicaNotFound(id);
  deps.log.warning(`Replica "${replica.name}" was paused: ${reason}`, { replicaId: id });
  const open = await runs.openRunOf(deps.db, id);
  if (open) await cancel(deps, open);
  return replica;
}

/**
 * Whatever paused it is checked again by the next run before anything is written.
 * @throws replica_not_paused
 */
export async function resumeReplica(deps: Pick<CloseDeps, 'db' | 'log'>, id: number): Promise<Replica> {
  const before = await findReplica(deps.db, id);
  if (before === undefined) throw replicaNotFound(id);
  if (before.paused_at === null)
    throw new AppError({
      code: 'replica_not_paused',
      class: 'conflict',
      message: `Replica "${before.name}" is not paused.`,
      ...(before.suspended_at === null ? {} : { hint: 'It is suspended: POST /api/replicas/{id}/unsuspend.' }),
    });
  const replica = await updateReplica(deps.db, id, { paused_at: null, pause_reason: null });
  if (replica === undefined) throw replicaNotFound(id);
  deps.log.info(`Replica "${replica.name}" goes on.`, { replicaId: id });
  return replica;
}

/**
 * Closes a run as cancelled: of a cycle, all replicas that are not done. What is in flight is finished by the next run.
 * @throws run_not_found, run_finished
 */
export async function cancelRun(deps: CloseDeps, runId: number): Promise<void> {
  const run = await runs.runById(deps.db, runId);
  if (run === undefined)
    throw new AppError({ code: 'run_not_found', class: 'not-found', message: `There is no run ${runId}.` });
  if (run.finished_at !== null)
    throw new AppError({ code: 'run_finished', class: 'conflict', message: `Run ${runId} has ended already.` });
  await cancel(deps, run);
  deps.log.warning(`Run ${runId} was cancelled.`, { runId, replicaId: run.replica_id });
}

/**
 * Takes one document out of the run that is about to do it, or stops the work on it; the next cycle takes it up again.
 * @throws document_not_linked, document_not_running
 */
export async function cancelDocument(deps: CloseDeps, replicaId: number, masterDocId: number): Promise<number> {
  const link = await deps.db
    .selectFrom('sync_map')
    .select('id')
    .where('replica_id', '=', replicaId)
    .where('master_doc_id', '=', masterDocId)
    .executeTakeFirst();
  const where = { replicaId, docId: masterDocId };
  if (!link)
    throw new AppError({
      code: 'document_not_linked',
      class: 'not-found',
      message: `Replica ${replicaId} knows no master document #${masterDocId}.`,
    });
  const runId = await deps.db.transaction().execute(async (trx) => {
    const open = await runs.openRunOfLink(trx, link.id);
    if (open === undefined) return undefined;
    await runs.settleItem(trx, open, link.id, 'held', 0);
    await stopWork(trx, 'link', link.id);
    return open;
  });
  if (runId === undefined)
    throw new AppError({
      code: 'document_not_running',
      class: 'conflict',
      message: `No open run has document #${masterDocId} to do.`,
      hint: 'GET /api/sync/running tells what is under way.',
    });
  deps.log.warning(`Document #${masterDocId} was taken out of run ${runId}.`, { ...where, runId });
  await tryCloseReplicaRun(deps, runId);
  return runId;
}

async function cancel(deps: CloseDeps, run: Run): Promise<void> {
  const closing = { outcome: 'cancelled' } as const;
  if (run.kind === 'replica') return closeReplicaRun(deps, run.id, closing);
  for (const child of await runs.childrenOf(deps.db, run.id))
    if (child.finished_at === null) await closeReplicaRun(deps, child.id, closing);
  // The last child closes a cycle that has reached its replicas; one that still reads the master is closed here.
  await closeCycle(deps, run.id, closing);
}
