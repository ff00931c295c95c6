import type { Payload } from '../../../shared/queue/catalog.ts';
import { done, skipped, type Outcome } from '../../../shared/queue/outcome.ts';
import type { JobContext } from '../../../shared/queue/runner.ts';
import { verify } from '../../../shared/replication/verify.ts';
import type { WorkerDeps } from '../deps.ts';

export async function handleVerify(
  { engine }: WorkerDeps,
  payload: Payload<'verify'>,
  { signal }: JobContext,
): Promise<Outcome> {
  const end = await verify(engine, payload.verificationId, signal);
  return end === 'done' ? done : skipped('it has ended, or another process has it');
}
