import type { Payload } from '../../../shared/queue/catalog.ts';
import { done, skipped, type Outcome } from '../../../shared/queue/outcome.ts';
import type { JobContext } from '../../../shared/queue/runner.ts';
import { syncDocument } from '../../../shared/replication/sync-document.ts';
import type { WorkerDeps } from '../deps.ts';

/** A snoozed document is done as a job: its due time is a row, and the dispatcher makes the next job (protocol section 5). */
export async function handleDocument(
  { engine }: WorkerDeps,
  payload: Payload<'document'>,
  { signal }: JobContext,
): Promise<Outcome> {
  const outcome = await syncDocument(engine, payload, signal);
  return outcome.kind === 'skipped' ? skipped(outcome.why ?? 'nothing to do') : done;
}
