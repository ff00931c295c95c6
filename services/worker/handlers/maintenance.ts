import type { Payload } from '../../../shared/queue/catalog.ts';
import { done, type Outcome } from '../../../shared/queue/outcome.ts';
import { maintain } from '../../../shared/replication/maintain.ts';
import type { WorkerDeps } from '../deps.ts';

export async function handleMaintenance({ engine }: WorkerDeps, payload: Payload<'maintenance'>): Promise<Outcome> {
  await maintain(engine, payload.task, payload.epoch);
  return done;
}
