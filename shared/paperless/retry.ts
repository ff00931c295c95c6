/** Repeats of reads inside one call (E13). Writes are never repeated here. */
import { AppError } from '../kernel/errors.ts';
import { delay } from '../kernel/clock.ts';
import type { ClientDeps } from './client.ts';

const DELAYS_MS = [2000, 4000, 8000];
/** A longer `Retry-After` is left to the job engine: nothing sleeps inside a job for minutes. */
const MAX_RETRY_AFTER_MS = 10_000;

/** Trouble of the instance or the network that a repeat may cure; a full disk is ours and stays full. */
function isRepeatable(error: unknown): error is AppError {
  if (!(error instanceof AppError) || error.code === 'disk_full') return false;
  if (error.class !== 'transient' && error.class !== 'rate-limited') return false;
  return (error.retryAfterMs ?? 0) <= MAX_RETRY_AFTER_MS;
}

export async function retryRead<T>(
  tryOnce: () => Promise<T>,
  deps: Pick<ClientDeps, 'retryDelaysMs' | 'random'>,
  signal?: AbortSignal,
): Promise<T> {
  const random = deps.random ?? Math.random;
  for (const pause of deps.retryDelaysMs ?? DELAYS_MS) {
    try {
      return await tryOnce();
    } catch (error) {
      if (!isRepeatable(error)) throw error;
      const jittered = pause * (0.75 + random() / 2);
      await waitOrStop(Math.max(jittered, error.retryAfterMs ?? 0), signal);
    }
  }
  return await tryOnce();
}

async function waitOrStop(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(ms, signal);
  } catch (reason) {
    if (reason instanceof AppError) throw reason;
    throw new AppError({ code: 'cancelled', class: 'cancelled', message: 'The read was stopped.', cause: reason });
  }
}
