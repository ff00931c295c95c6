import type { Payload } from '../../../shared/queue/catalog.ts';
import { done, ended, skipped, type Outcome } from '../../../shared/queue/outcome.ts';
import type { JobContext } from '../../../shared/queue/runner.ts';
import { openDueCycle } from '../../../shared/replication/open-cycle.ts';
import { runCycle } from '../../../shared/replication/run-cycle.ts';
import type { WorkerDeps } from '../deps.ts';

/** Without a run it is the scheduler's tick: it opens a cycle if one is due, whose own job then comes. */
export async function handleCycle(
  { engine }: WorkerDeps,
  payload: Payload<'cycle'>,
  { signal }: JobContext,
): Promise<Outcome> {
  if (payload.runId === null) return (await openDueCycle(engine)) ? done : skipped('no cycle is due');
  return ended(await runCycle(engine, payload.runId, signal), 'another process has this cycle');
}
