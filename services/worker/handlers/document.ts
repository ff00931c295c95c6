import type { Payload } from '../../../shared/queue/catalog.ts';
import { done, skipped, snooze, type Outcome } from '../../../shared/queue/outcome.ts';
import type { JobContext } from '../../../shared/queue/runner.ts';
import { syncDocument } from '../../../shared/replication/sync-document.ts';
import type { WorkerDeps } from '../deps.ts';

/** Until a job is tried again that found the places of its replica taken. */
const ANOTHER_TURN_MS = 500;
const nothing = () => undefined;

/**
 * A snoozed document is done as a job: its due time is a row, and the dispatcher makes the next job (protocol section 5). One
 * that waits for quiet hours, a 429 or its turn keeps its job, which comes back at that time (E14).
 */
export async function handleDocument(
  { engine, turns, replicasUnderWay }: WorkerDeps,
  payload: Payload<'document'>,
  { signal }: JobContext,
): Promise<Outcome> {
  const leave = payload.replicaId === undefined ? nothing : turns.enter(payload.replicaId, await replicasUnderWay());
  if (leave === null) return snooze(Date.now() + ANOTHER_TURN_MS * (1 + Math.random()));
  const outcome = await syncDocument(engine, payload, signal).finally(leave);
  if (outcome.until !== undefined) return snooze(outcome.until.getTime());
  return outcome.kind === 'skipped' ? skipped(outcome.why ?? 'nothing to do') : done;
}
