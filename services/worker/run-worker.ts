import { join } from 'node:path';
import { EXIT } from '../../shared/config/exit-codes.ts';
import type { SlotSession } from '../../shared/db/slots.ts';
import { noteLockSession } from '../../shared/db/workers.repo.ts';
import type { Foundation } from '../../shared/replication/foundation.ts';
import { startWorker, type RunningWorker } from './start.ts';

/** A worker inside a program that is also something else. */
export async function runWorker(foundation: Foundation, role: 'standalone' | 'cli' | 'worker'): Promise<RunningWorker> {
  const { env, logger, metrics, engineMetrics, processId: workerId, ...rest } = foundation;
  return startWorker({
    ...rest,
    metrics: engineMetrics,
    scratchDir: env.scratchDir,
    ...(role === 'cli' ? {} : { backups: { dir: join(env.dataDir, 'backup') } }),
    jobLog: logger,
    role,
    workerId,
    concurrency: env.workerConcurrency,
    onJob: ({ job, outcome, durationMs }) => metrics.jobDuration.observe({ job, outcome }, durationMs / 1000),
    onFenced: () => {
      process.stderr.write('pngx-controller: the other processes took this one for dead, so it stops.\n');
      process.exit(EXIT.fenced);
    },
  });
}

/** H12: whoever declares this process dead has to know which session holds its slots. */
export function slotSessionNoter(foundation: () => Foundation, workerId: Promise<string>) {
  return async ({ pid, backendStart }: SlotSession): Promise<void> =>
    noteLockSession(foundation().database.db, await workerId, pid, backendStart);
}
