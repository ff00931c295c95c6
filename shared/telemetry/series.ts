/** Every series by name, type and labels. What each tells people stands in docs/operations.md, which a test compares. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const CYCLE_SECONDS = [1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];

type Registers = Registry[];

function gauges(registers: Registers) {
  return (name: string, help: string, labelNames: readonly string[] = []) => {
    const gauge = new Gauge({ name: `pngx_${name}`, help, labelNames, registers });
    // One without labels would otherwise begin as 0, which says something that nobody has looked at.
    forget(gauge);
    return gauge;
  };
}

/** No line at all, until it is set again. */
export function forget(gauge: Gauge): void {
  gauge.reset();
  gauge.remove({});
}

/** Counted where it happens, so that each process has its own. Names as the reference has them where it names one. */
export function processSeries(registers: Registers) {
  const gauge = gauges(registers);
  return {
    syncDocs: new Counter({
      name: 'pngx_sync_docs_total',
      help: 'Documents synced, by result (ok, error).',
      labelNames: ['replica', 'status'],
      registers,
    }),
    syncDuration: new Histogram({
      name: 'pngx_sync_duration_seconds',
      help: 'Duration of replica runs.',
      labelNames: ['triggered_by'],
      buckets: CYCLE_SECONDS,
      registers,
    }),
    httpRequests: new Counter({
      name: 'pngx_http_requests_total',
      help: 'Requests to instances, by outcome (ok or error code).',
      labelNames: ['peer', 'outcome'],
      registers,
    }),
    httpDuration: new Histogram({
      name: 'pngx_http_request_duration_seconds',
      help: 'Duration of requests to instances.',
      labelNames: ['peer', 'outcome'],
      buckets: SECONDS,
      registers,
    }),
    jobDuration: new Histogram({
      name: 'pngx_job_duration_seconds',
      help: 'Duration of jobs.',
      labelNames: ['job', 'outcome'],
      buckets: [...SECONDS, 300, 1800],
      registers,
    }),
    jobWait: new Histogram({
      name: 'pngx_job_wait_seconds',
      help: 'From when a job could have been worked on until it was.',
      labelNames: ['job'],
      buckets: [...SECONDS, 300, 1800],
      registers,
    }),
    alertDeliveries: new Counter({
      name: 'pngx_alert_deliveries_total',
      help: 'Tries to send a message to people, by kind of channel and outcome (ok or error code).',
      labelNames: ['kind', 'outcome'],
      registers,
    }),
    diskFree: gauge('disk_free_bytes', 'Room left where this process keeps files.', ['dir']),
    diskSize: gauge('disk_size_bytes', 'Size of the file system of that directory.', ['dir']),
    buildInfo: gauge('build_info', 'Always 1; the labels say what runs.', ['version', 'role', 'queue']),
  };
}

/** One gauge a replica, filled from PostgreSQL at each scrape. */
export function replicaSeries(registers: Registers) {
  const gauge = (name: string, help: string, more: readonly string[] = []) =>
    gauges(registers)(`replica_${name}`, help, ['replica', ...more]);
  return {
    replicaLag: gauge('lag_seconds', 'Seconds since the last good run of the replica.'),
    replicaPendingTasks: gauge('pending_tasks', 'Uploads that the replica has not consumed yet.'),
    replicaConsecutiveFailures: gauge('consecutive_failures', 'Runs that failed as a whole, in a row.'),
    replicaRpo: gauge('rpo_seconds', 'Age of the oldest change on the master that is not here yet.'),
    replicaState: gauge('state', '1 for the word that the dashboard shows.', ['state']),
    replicaSuspended: gauge('suspended', '1 while it is left out after too many failed runs.'),
    replicaPaused: gauge('paused', '1 while a person paused or disabled it.'),
    replicaDocuments: gauge('documents', 'Documents by what is to be done with them.', ['state']),
    replicaDlq: gauge('dlq_documents', 'Documents that were given up until somebody retries them.'),
    replicaConflicts: gauge('conflicts', 'Edits made on the replica that wait for a person.'),
    replicaVerified: gauge('verified', '1 if all was compared within the window and nothing is amiss.'),
    replicaVerificationAge: gauge('verification_age_seconds', 'Age of the oldest comparison.', ['depth']),
    replicaDrift: gauge('drift', 'Differences that no pending work explains.'),
    replicaFindings: gauge('findings', 'Open findings of verifications, by kind.', ['kind']),
    replicaResting: gauge('resting', '1 in quiet hours, or while the instance wants to be left alone.'),
    replicaQueueForeign: gauge('queue_foreign_tasks', "Uploads of others in the replica's own queue."),
    replicaHygiene: gauge('hygiene_findings', 'What the last look at the instance found.', ['severity']),
  };
}

/** About the installation as a whole, from PostgreSQL and the queue at each scrape. */
export function stateSeries(registers: Registers) {
  const gauge = gauges(registers);
  return {
    syncRunning: gauge('sync_running', '1 while a run is open.'),
    masterUp: gauge('master_up', '1 if the last contact with the master was good.'),
    masterContactAge: gauge('master_contact_age_seconds', 'Seconds since the master was last read.'),
    masterDocuments: gauge('master_documents', 'Documents on the master when it was last counted.'),
    // Counted by the api process that it came to.
    webhookRequests: new Counter({
      name: 'pngx_webhook_requests_total',
      help: 'Webhooks that came in, by what became of them.',
      labelNames: ['outcome'],
      registers,
    }),
    webhookEvents: gauge('webhook_events', 'Kept hints of the master, by state.', ['state']),
    webhookSilence: gauge('webhook_silence_seconds', 'Seconds since the last hint of the master.'),
    scratchFull: gauge('scratch_full', '1 while a process has no room for files on its disk.'),
    backupAge: gauge('backup_age_seconds', 'Seconds since a backup was last made, or found to be up to date.'),
    backupFailing: gauge('backup_failing', '1 if the last attempt at a backup failed.'),
    alertsUndelivered: gauge('alerts_undelivered', 'Messages to people that did not get through.'),
    processes: gauge('processes', 'Living processes of ours.', ['role']),
    leader: gauge('leader', '1 while a living process leads.'),
    leaderEpoch: gauge('leader_epoch', 'Rises by one with each change of hands.'),
    queueJobs: gauge('queue_jobs', 'Jobs in the queue.', ['queue', 'state']),
    queueOldest: gauge('queue_oldest_seconds', 'Age of the job that waits longest.', ['queue']),
  };
}
