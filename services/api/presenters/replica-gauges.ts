import { listReplicas } from '../../../shared/db/replicas.repo.ts';
import { countPendingTasks, listOpenRuns } from '../../../shared/db/views.repo.ts';
import type { QueueCounts } from '../../../shared/queue/inspect.ts';
import type { Metrics } from '../../../shared/telemetry/metrics.ts';
import type { ApiDeps } from '../deps.ts';
import { lagSeconds } from './status.ts';

/** Read from PostgreSQL at each scrape, so that every api process tells the same (O2). */
export async function fillReplicaGauges({ db, clock }: Pick<ApiDeps, 'db' | 'clock'>, metrics: Metrics): Promise<void> {
  // First: neither a removed replica nor a database that is away may go on as a series of its last value.
  for (const gauge of [metrics.replicaLag, metrics.replicaPendingTasks, metrics.replicaConsecutiveFailures])
    gauge.reset();
  const [replicas, pending, openRuns] = await Promise.all([listReplicas(db), countPendingTasks(db), listOpenRuns(db)]);
  const now = clock.now();
  for (const replica of replicas) {
    const labels = { replica: replica.name };
    const lag = lagSeconds(replica, now);
    // Never synced is no number; an alert on absence says it better than a zero.
    if (lag !== null) metrics.replicaLag.set(labels, lag);
    metrics.replicaPendingTasks.set(labels, pending.find((count) => count.replica_id === replica.id)?.tasks ?? 0);
    metrics.replicaConsecutiveFailures.set(labels, replica.consecutive_failures);
  }
  metrics.syncRunning.set(openRuns.length > 0 ? 1 : 0);
}

export async function fillQueueGauges(
  inspect: () => Promise<Record<string, QueueCounts>>,
  metrics: Metrics,
): Promise<void> {
  for (const [queue, { waiting, active, delayed, failed }] of Object.entries(await inspect()))
    for (const [state, jobs] of Object.entries({ waiting, active, delayed, failed }))
      metrics.queueJobs.set({ queue, state }, jobs);
}
