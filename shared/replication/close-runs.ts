/** How runs end, and what an end means for the replica (product.md, "run outcome"; E15, E16). */
import * as runs from '../db/runs.repo.ts';
import type { Run, RunOutcome } from '../db/tables.ts';
import type { EngineDeps, LogFields } from './deps.ts';
import { stopWork } from './stop-work.ts';
import { BY_WEBHOOK } from './webhook/by-webhook.ts';

export type CloseDeps = Pick<EngineDeps, 'db' | 'log' | 'metrics' | 'settings' | 'clock'>;

/** Closes a replica run once, with everything that follows from its outcome, and its cycle if that was the last one. */
export async function closeReplicaRun(deps: CloseDeps, runId: number, closing: runs.Closing): Promise<void> {
  const closed = await deps.db.transaction().execute(async (trx) => {
    const run = await runs.closeRun(trx, runId, closing);
    if (run) await noteOutcome({ ...deps, db: trx }, run, closing);
    if (run && leavesWork(closing)) await stopWork(trx, 'run', run.id);
    return run;
  });
  if (!closed) return;
  deps.metrics.runClosed(closed.triggered_by, (deps.clock.now().getTime() - closed.started_at.getTime()) / 1000);
  if (closed.parent_run_id !== null) await tryCloseCycle(deps, closed.parent_run_id);
}

/** A cycle that ends before its runs do, or while it still reads the master. */
export async function closeCycle(deps: Pick<CloseDeps, 'db'>, runId: number, closing: runs.Closing): Promise<void> {
  await deps.db.transaction().execute(async (trx) => {
    if ((await runs.closeRun(trx, runId, closing)) && leavesWork(closing)) await stopWork(trx, 'run', runId);
  });
}

/** Wherever something is still done for it, it stops (E15). */
const leavesWork = ({ outcome }: runs.Closing) => outcome !== 'ok' && outcome !== 'partial';

async function noteOutcome(deps: CloseDeps, run: Run, closing: runs.Closing): Promise<void> {
  if (run.replica_id === null) return;
  const where = { replicaId: run.replica_id, runId: run.id, code: closing.errorCode ?? null };
  if (run.triggered_by === BY_WEBHOOK) return noteHintRun(deps, where, closing);
  const counts = `${run.docs_synced} done, ${run.docs_failed} failed, ${run.docs_held} waiting`;
  if (closing.outcome === 'ok' || closing.outcome === 'partial') {
    await runs.noteGoodRun(deps.db, run.replica_id, run.started_at);
    if (closing.outcome === 'ok') deps.log.info(`Run finished: ${counts}.`, where);
    else deps.log.warning(`Run finished in part: ${counts}.`, where);
  } else if (closing.outcome === 'timed_out') {
    deps.log.warning(`Run stopped at its time limit: ${counts}. The next cycle goes on from here.`, where);
  } else if (closing.errorSide === 'replica') {
    await noteReplicaFailure(deps, run, closing);
  }
}

/**
 * A few hinted documents say nothing about the rest: the replica stays as due as it was for the next cycle, and a trouble of
 * minutes must not suspend it. It gets no further run of this kind before a cycle has ended well (carry-hints.ts).
 */
function noteHintRun({ log }: CloseDeps, where: LogFields, { outcome, errorMsg }: runs.Closing): void {
  if (outcome === 'failed' && errorMsg)
    log.warning(`Hinted documents could not be synced: ${errorMsg} The next cycle goes on.`, where);
}

async function noteReplicaFailure(deps: CloseDeps, run: Run, closing: runs.Closing): Promise<void> {
  if (run.replica_id === null) return;
  const { replicaSuspendThreshold } = await deps.settings();
  const code = closing.errorCode ?? 'replica_failed';
  const message = closing.errorMsg ?? 'The replica failed.';
  const suspended = await runs.noteFailedRun(deps.db, run.replica_id, replicaSuspendThreshold, code, message);
  const where = { replicaId: run.replica_id, runId: run.id, code };
  deps.log.error(`Run failed: ${message}`, where);
  if (suspended)
    deps.log.error(
      `The replica is suspended after ${replicaSuspendThreshold} failed runs in a row. It is left out until someone re-enables it.`,
      { ...where, code: 'replica_suspended' },
    );
}

/** Closes a replica run whose change set is worked off; does nothing while an item is open. */
export async function tryCloseReplicaRun(deps: CloseDeps, runId: number): Promise<boolean> {
  const run = await runs.runById(deps.db, runId);
  if (!run || run.finished_at || run.phase !== 'documents' || (await runs.hasOpenItems(deps.db, runId))) return false;
  await closeReplicaRun(deps, runId, { outcome: run.docs_failed > 0 ? 'partial' : 'ok' });
  return true;
}

const WORST: readonly RunOutcome[] = ['failed', 'timed_out', 'cancelled', 'partial', 'ok'];

/** A cycle ends with its last run, and is as good as the worst of them. */
export async function tryCloseCycle(deps: CloseDeps, cycleId: number): Promise<void> {
  const cycle = await runs.runById(deps.db, cycleId);
  if (!cycle || cycle.finished_at || cycle.phase !== 'replicas') return;
  const children = await runs.childrenOf(deps.db, cycleId);
  if (children.some((child) => !child.finished_at)) return;
  const outcome = WORST.find((candidate) => children.some((child) => child.outcome === candidate)) ?? 'ok';
  await runs.closeRun(deps.db, cycleId, { outcome });
  if (cycle.triggered_by !== BY_WEBHOOK) deps.log.info(`Cycle finished: ${outcome}.`, { runId: cycleId });
}

/** E15: a run past its time stops cleanly; its links keep their state. */
export async function closeOverdueRuns(deps: CloseDeps): Promise<void> {
  const { syncCycleTimeoutSeconds } = await deps.settings();
  const limit = deps.clock.now().getTime() - syncCycleTimeoutSeconds * 1000;
  for (const run of await runs.unfinishedRuns(deps.db)) {
    if (run.kind === 'replica' && run.started_at.getTime() < limit)
      await closeReplicaRun(deps, run.id, { outcome: 'timed_out' });
    if (run.kind === 'cycle' && run.phase === 'replicas') await tryCloseCycle(deps, run.id);
    // A cycle that cannot even read its master in that time: the next one starts afresh.
    if (run.kind === 'cycle' && run.phase !== 'replicas' && run.started_at.getTime() < limit)
      await closeStuckCycle(deps, run);
  }
}

async function closeStuckCycle(deps: CloseDeps, cycle: Run): Promise<void> {
  for (const child of await runs.childrenOf(deps.db, cycle.id))
    if (!child.finished_at) await closeReplicaRun(deps, child.id, { outcome: 'timed_out', errorSide: 'master' });
  await closeCycle(deps, cycle.id, { outcome: 'timed_out', errorSide: 'master' });
}
