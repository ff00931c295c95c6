import { lastBackup } from '../../../shared/db/backups.repo.ts';
import { countUndelivered } from '../../../shared/db/deliveries.repo.ts';
import type { Db } from '../../../shared/db/tables.ts';
import { countPendingTasks } from '../../../shared/db/views.repo.ts';
import { hintSummary } from '../../../shared/db/webhook-events.repo.ts';
import { countProcesses } from '../../../shared/db/workers.repo.ts';
import { FINDING_KINDS } from '../../../shared/domain/verification.ts';
import type { QueueCounts } from '../../../shared/queue/inspect.ts';
import type { Metrics } from '../../../shared/telemetry/metrics.ts';
import { forget } from '../../../shared/telemetry/series.ts';
import type { ApiDeps } from '../deps.ts';
import { loadStatus, type PresentedReplica, type Status } from './status.ts';

/** Read from PostgreSQL at each scrape, so that every api process tells the same (O2). */
export async function fillReplicaGauges(
  deps: Pick<ApiDeps, 'db' | 'secrets' | 'clock' | 'version'>,
  metrics: Metrics,
): Promise<void> {
  // First: neither a removed replica nor a database that is away may go on as a series of its last value.
  for (const gauge of gaugesOf(metrics)) forget(gauge);
  const now = deps.clock.now();
  const [status, pending, processes] = await Promise.all([
    loadStatus(deps),
    countPendingTasks(deps.db),
    countProcesses(deps.db),
  ]);
  for (const replica of status.replicas)
    fillReplica(replica, pending.find((count) => count.replica_id === replica.id)?.tasks ?? 0, metrics, now);
  metrics.syncRunning.set(status.progress.running ? 1 : 0);
  metrics.scratchFull.set(status.scratch_full_since === null ? 0 : 1);
  metrics.leader.set(status.leader === null ? 0 : 1);
  if (status.leader !== null) metrics.leaderEpoch.set(status.leader.epoch);
  // Zeros are said: that no worker lives is what an alert asks.
  for (const role of ['api', 'worker', 'standalone']) metrics.processes.set({ role }, 0);
  for (const { role, living } of processes) metrics.processes.set({ role }, living);
  metrics.alertsUndelivered.set(await countUndelivered(deps.db));
  fillMaster(status, metrics, now);
  await fillWebhook(deps.db, metrics, now);
  await fillBackup(deps.db, status, metrics, now);
}

function fillReplica(replica: PresentedReplica, pendingTasks: number, metrics: Metrics, now: Date): void {
  const labels = { replica: replica.name };
  // Never synced is no number; an alert on absence says it better than a zero.
  if (replica.lag_seconds !== null) metrics.replicaLag.set(labels, replica.lag_seconds);
  if (replica.rpo_seconds !== null) metrics.replicaRpo.set(labels, replica.rpo_seconds);
  metrics.replicaPendingTasks.set(labels, pendingTasks);
  metrics.replicaConsecutiveFailures.set(labels, replica.consecutive_failures);
  metrics.replicaState.set({ ...labels, state: replica.state }, 1);
  metrics.replicaSuspended.set(labels, replica.status === 'suspended' && replica.state === 'needs_you' ? 1 : 0);
  metrics.replicaPaused.set(labels, replica.state === 'paused' ? 1 : 0);
  metrics.replicaDlq.set(labels, replica.documents.given_up);
  metrics.replicaConflicts.set(labels, replica.conflicts);
  metrics.replicaResting.set(labels, replica.resting_until === null ? 0 : 1);
  fillQueue(replica, metrics, now);
  fillVerification(replica, metrics, now);
  const { total: _total, ...states } = replica.documents;
  for (const [state, documents] of Object.entries(states))
    metrics.replicaDocuments.set({ ...labels, state }, documents);
  if (replica.hygiene.checked_at === null) return;
  for (const severity of ['danger', 'warning', 'info'] as const)
    metrics.replicaHygiene.set({ ...labels, severity }, replica.hygiene[severity]);
}

/** Nothing while no master is configured: that is no outage. */
function fillMaster({ master }: Status, metrics: Metrics, now: Date): void {
  if (!master.configured) return;
  if (master.reachable !== null) metrics.masterUp.set(master.reachable ? 1 : 0);
  if (master.last_contact_at !== null) metrics.masterContactAge.set(secondsSince(master.last_contact_at, now));
  if (master.document_count !== null) metrics.masterDocuments.set(master.document_count);
}

async function fillWebhook(db: Db, metrics: Metrics, now: Date): Promise<void> {
  const { last_received_at: last, ...counts } = await hintSummary(db);
  for (const [state, events] of Object.entries(counts)) metrics.webhookEvents.set({ state }, events);
  if (last !== null) metrics.webhookSilence.set(secondsSince(last, now));
}

/** A look that found nothing new is as good as a backup made. */
async function fillBackup(db: Db, { backup }: Status, metrics: Metrics, now: Date): Promise<void> {
  const unchanged = await lastBackup(db, 'unchanged');
  const times = [backup.made_at, unchanged?.made_at].filter((time) => time instanceof Date);
  const latest = times.toSorted((a, b) => b.getTime() - a.getTime())[0];
  if (latest !== undefined) metrics.backupAge.set(secondsSince(latest, now));
  metrics.backupFailing.set(backup.error === null ? 0 : 1);
}

function secondsSince(time: Date, now: Date): number {
  return Math.max(0, (now.getTime() - time.getTime()) / 1000);
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
    if (at !== null) metrics.replicaVerificationAge.set({ ...labels, depth }, secondsSince(at, now));
}

const gaugesOf = (metrics: Metrics) => [
  metrics.alertsUndelivered,
  metrics.replicaLag,
  metrics.replicaRpo,
  metrics.replicaPendingTasks,
  metrics.replicaConsecutiveFailures,
  metrics.replicaState,
  metrics.replicaSuspended,
  metrics.replicaPaused,
  metrics.replicaDocuments,
  metrics.replicaDlq,
  metrics.replicaConflicts,
  metrics.replicaHygiene,
  metrics.replicaResting,
  metrics.replicaQueueForeign,
  metrics.replicaVerified,
  metrics.replicaVerificationAge,
  metrics.replicaDrift,
  metrics.replicaFindings,
  metrics.syncRunning,
  metrics.masterUp,
  metrics.masterContactAge,
  metrics.masterDocuments,
  metrics.webhookEvents,
  metrics.webhookSilence,
  metrics.scratchFull,
  metrics.backupAge,
  metrics.backupFailing,
  metrics.processes,
  metrics.leader,
  metrics.leaderEpoch,
];

export async function fillQueueGauges(
  inspect: () => Promise<Record<string, QueueCounts>>,
  metrics: Metrics,
): Promise<void> {
  for (const gauge of [metrics.queueJobs, metrics.queueOldest]) forget(gauge);
  for (const [queue, { waiting, active, delayed, failed, oldestWaitingMs }] of Object.entries(await inspect())) {
    for (const [state, jobs] of Object.entries({ waiting, active, delayed, failed }))
      metrics.queueJobs.set({ queue, state }, jobs);
    metrics.queueOldest.set({ queue }, oldestWaitingMs / 1000);
  }
}
