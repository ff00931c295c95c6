import type { Payload } from '../../../shared/queue/catalog.ts';
import { ended, type Outcome } from '../../../shared/queue/outcome.ts';
import type { JobContext } from '../../../shared/queue/runner.ts';
import { verify } from '../../../shared/replication/verify.ts';
import type { WorkerDeps } from '../deps.ts';

export async function handleVerify(
  { engine }: WorkerDeps,
  payload: Payload<'verify'>,
  { signal }: JobContext,
): Promise<Outcome> {
  return ended(await verify(engine, payload.verificationId, signal), 'it has ended, or another process has it');
}
