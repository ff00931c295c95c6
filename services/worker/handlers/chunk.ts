import type { Payload } from '../../../shared/queue/catalog.ts';
import { done, type Outcome } from '../../../shared/queue/outcome.ts';
import { openChunk } from '../../../shared/replication/sync-replica.ts';
import type { WorkerDeps } from '../deps.ts';

export async function handleChunk({ engine }: WorkerDeps, payload: Payload<'chunk'>): Promise<Outcome> {
  await openChunk(engine, payload.runId, payload.chunk);
  return done;
}
