import type { Payload } from '../../../shared/queue/catalog.ts';
import { cancelled, done, type Outcome, skipped } from '../../../shared/queue/outcome.ts';
import type { JobContext } from '../../../shared/queue/runner.ts';
import { deliver } from '../../../shared/replication/notify/deliver.ts';
import type { WorkerDeps } from '../deps.ts';

export async function handleDeliver(
  { notify }: WorkerDeps,
  payload: Payload<'deliver'>,
  { signal }: JobContext,
): Promise<Outcome> {
  const end = await deliver(notify, payload.deliveryId, signal);
  if (end === 'stopped') return cancelled;
  return end === 'busy' ? skipped('it has ended, waits, or another process sends it') : done;
}
