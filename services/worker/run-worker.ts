import { join } from 'node:path';
import { exitFenced, type Foundation } from '../../shared/replication/foundation.ts';
import { ownAddress } from '../../shared/replication/notify/own-address.ts';
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
    onJob: ({ job, outcome, durationMs, waitedMs }) => {
      metrics.jobDuration.observe({ job, outcome }, durationMs / 1000);
      metrics.jobWait.observe({ job }, waitedMs / 1000);
    },
    onFenced: exitFenced,
    publicUrl: ownAddress(env),
    onDelivered: (kind, outcome) => metrics.alertDeliveries.inc({ kind, outcome }),
  });
}
