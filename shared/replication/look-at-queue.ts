/** One request to the replica's task list every few seconds, by whichever process comes first, while uploads wait for it (E14). */
import * as queueRepo from '../db/replica-queue.repo.ts';
import { viewQueue } from '../domain/replica-queue.ts';
import type { EngineDeps } from './deps.ts';

export type LookDeps = Pick<EngineDeps, 'db' | 'clock' | 'instances' | 'timings' | 'settings'>;

/**
 * True: this process looked. A queue that cannot be seen counts as one with room for a single upload: the next one is what
 * finds the fault out, names and counts it. The signal ends a look that waits behind requests which are never answered.
 */
export async function lookAtQueue(deps: LookDeps, replicaId: number, signal: AbortSignal): Promise<boolean> {
  if (!(await queueRepo.claimQueueLook(deps.db, replicaId, deps.timings.queueLookMs))) return false;
  const { maxReplicaQueue } = await deps.settings();
  const view = await look(deps, replicaId, signal).catch(() => ({ foreign: maxReplicaQueue - 1, oldestMs: null }));
  if (signal.aborted) return false;
  const oldestAt = view.oldestMs === null ? null : new Date(deps.clock.now().getTime() - view.oldestMs);
  await queueRepo.noteQueue(deps.db, replicaId, { foreign: view.foreign, oldestAt });
  return true;
}

async function look(deps: LookDeps, replicaId: number, signal: AbortSignal) {
  const writer = await deps.instances.replica(replicaId);
  const tasks = await writer.waitingTasks(signal);
  const own = await queueRepo.ownTasks(
    deps.db,
    tasks.map((task) => task.taskId),
  );
  return viewQueue(tasks, new Map(own.map(({ taskId, waiting }) => [taskId, waiting])));
}
