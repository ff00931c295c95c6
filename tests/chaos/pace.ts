/**
 * The waits of the processes under chaos. Real ones last from seconds to hours (a message of paperless comes back after one);
 * a run of three minutes would see none of them end. All are shortened together, and in the same order.
 */
import type { WorkerOptions } from '../../services/worker/start.ts';

export const PACE = {
  timings: {
    requestTimeoutMs: 4000,
    unknownHoldMs: 10_000,
    workerLimitMs: 16_000,
    redeliveryMs: 12_000,
    stuckQueueMs: 8000,
    looksApartMs: 1000,
    unansweredHoldMs: 12_000,
    cleanReadsApartMs: 3000,
    lostJobMs: 10_000,
    cleanUpWaitMs: 8000,
  },
  timeouts: { connectMs: 2000, answerMs: 4000, firstByteMs: 6000, noProgressMs: 4000 },
  presence: { beatMs: 1000, deadAfterMs: 5000, writeGraceMs: 2500 },
  retryDelaysMs: [100, 200, 400],
  tickMs: 1000,
} as const satisfies Pick<WorkerOptions, 'timings' | 'timeouts' | 'presence' | 'retryDelaysMs' | 'tickMs'>;
