import { countPendingTasks } from '../../../shared/db/views.repo.ts';
import { FINDING_KINDS } from '../../../shared/domain/verification.ts';
import type { QueueCounts } from '../../../shared/queue/inspect.ts';
import type { Metrics } from '../../../shared/telemetry/metrics.ts';
import type { ApiDeps } from '../deps.ts';
import { loadStatus, type PresentedReplica } from './status.ts';

/** Read from PostgreSQL at each scrape, so that every api process tells the same (O2). */
export async function fillReplicaGauges(
  deps: Pick<ApiDeps, 'db' | 'secrets' | 'clock' | 'version'>,
  metrics: Metrics,
): Promise<void> {
  // First: neither a removed replica nor a database that is away may go on as a series of its last value.
  for (const gauge of gaugesOf(metrics)) gauge.reset();
  const [status, pending] = await Promise.all([loadStatus(deps), countPendingTasks(deps.db)]);
  const { replicas, progress, leader } = status;
  for (const replica of replicas) {
    const labels = { replica: replica.name };
    // Never synced is no number; an alert on absence says it better than a zero.
    if (replica.lag_seconds !== null) metrics.replicaLag.set(labels, replica.lag_seconds);
    if (replica.rpo_seconds !== null) metrics.replicaRpo.set(labels, replica.rpo_seconds);
    metrics.replicaPendingTasks.set(labels, pending.find((count) => count.replica_id === replica.id)?.tasks ?? 0);
    metrics.replicaConsecutiveFailures.set(labels, replica.consecutive_failures);
    metrics.replicaDlq.set(labels, replica.documents.given_up);
    metrics.replicaConflicts.set(labels, replica.conflicts);
    metrics.replicaResting.set(labels, replica.resting_until === null ? 0 : 1);
    fillQueue(replica, metrics, deps.clock.now());
    fillVerification(replica, metrics, deps.clock.now());
    const { total: _total, ...states } = replica.documents;
    for (const [state, documents] of Object.entries(states))
      metrics.replicaDocuments.set({ ...labels, state }, documents);
    if (replica.hygiene.checked_at === null) continue;
    for (const severity of ['danger', 'warning', 'info'] as const)
      metrics.replicaHygiene.set({ ...labels, severity }, replica.hygiene[severity]);
  }
  metrics.scratchFull.set(status.scratch_full_since === null ? 0 : 1);
  metrics.syncRunning.set(progress.running ? 1 : 0);
  metrics.leader.set(leader === null ? 0 : 1);
  if (leader !== null) metrics.leaderEpoch.set(leader.epoch);
}

/** What was seen longer ago says nothing: nobody looks while no upload waits. */
function fillQueue({ name, queue }: PresentedReplica, metrics: Metrics, now: Date): void {
  if (queue.foreign === null || queue.asked_at === null || now.getTime() - queue.asked_at.getTime() > 60_000) return;
  metrics.replicaQueueForeign.set({ replica: name }, queue.foreign);
}

function fillVerification({ name, verification }: PresentedReplica, metrics: Metrics, now: Date): void {
  const labels = { replica: name };
  metrics.replicaVerified.set(labels, verification.verified ? 1 : 0);
  metrics.replicaDrift.set(labels, verification.drift);
  for (const kind of FINDING_KINDS) metrics.replicaFindings.set({ ...labels, kind }, verification.findings[kind] ?? 0);
  // Absent until every document was compared once: an age of what was never done is no number.
  for (const [depth, at] of [
    ['checksum', verification.oldest_checksum_at],
    ['bytes', verification.oldest_bytes_at],
  ] as const)
    if (at !== null)
      metrics.replicaVerificationAge.set({ ...labels, depth }, Math.max(0, (now.getTime() - at.getTime()) / 1000));
}

const gaugesOf = (metrics: Metrics) => [
  metrics.replicaLag,
  metrics.replicaRpo,
  metrics.replicaPendingTasks,
  metrics.replicaConsecutiveFailures,
  metrics.replicaDocuments,
  metrics.replicaDlq,
  metrics.replicaConflicts,
  metrics.replicaHygiene,
  metrics.replicaResting,
  metrics.replicaQueueForeign,
  metrics.scratchFull,
  metrics.replicaVerified,
  metrics.replicaVerificationAge,
  metrics.replicaDrift,
  metrics.replicaFindings,
];

export async function fillQueueGauges(
  inspect: () => Promise<Record<string, QueueCounts>>,
  metrics: Metrics,
): Promise<void> {
  for (const [queue, { waiting, active, delayed, failed }] of Object.entries(await inspect()))
    for (const [state, jobs] of Object.entries({ waiting, active, delayed, failed }))
      metrics.queueJobs.set({ queue, state }, jobs);
}
