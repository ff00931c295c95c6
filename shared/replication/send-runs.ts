/** Jobs of runs, into the queue. */
import * as runs from '../db/runs.repo.ts';
import type { Run } from '../db/tables.ts';
import type { EngineDeps } from './deps.ts';

/** A run whose job the queue does not take is free for the next look of any process; it is no fault of an instance (R2). */
export async function sendRuns(
  deps: Pick<EngineDeps, 'db' | 'queue' | 'log'>,
  sent: readonly Pick<Run, 'id' | 'kind' | 'dispatch_gen'>[],
): Promise<void> {
  for (const { id: runId, kind, dispatch_gen: generation } of sent)
    try {
      await (kind === 'cycle' ? deps.queue.cycle(runId, generation) : deps.queue.replica(runId, generation));
    } catch (error) {
      await runs.undispatchRun(deps.db, runId, generation);
      const text = (error as Error).message;
      deps.log.warning(`Run ${runId} waits for the queue: ${text}`, { runId, code: 'queue_unavailable' });
    }
}
