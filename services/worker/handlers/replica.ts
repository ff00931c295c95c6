import type { Payload } from '../../../shared/queue/catalog.ts';
import { ended, type Outcome } from '../../../shared/queue/outcome.ts';
import type { JobContext } from '../../../shared/queue/runner.ts';
import { syncReplica } from '../../../shared/replication/sync-replica.ts';
import type { WorkerDeps } from '../deps.ts';

export async function handleReplica(
  { engine }: WorkerDeps,
  payload: Payload<'replica'>,
  { signal }: JobContext,
): Promise<Outcome> {
  return ended(await syncReplica(engine, payload.runId, signal), 'another process has this run');
}
