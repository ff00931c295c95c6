import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const CYCLE_SECONDS = [1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600];

/** Names, types and labels are fixed by reference section 8. */
function referenceSeries(registers: Registry[]) {
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
    replicaLag: new Gauge({
      name: 'pngx_replica_lag_seconds',
      help: 'Seconds since the last good run of the replica.',
      labelNames: ['replica'],
      registers,
    }),
    replicaPendingTasks: new Gauge({
      name: 'pngx_replica_pending_tasks',
      help: 'Uploads that the replica has not consumed yet.',
      labelNames: ['replica'],
      registers,
    }),
    replicaConsecutiveFailures: new Gauge({
      name: 'pngx_replica_consecutive_failures',
      help: 'Runs that failed as a whole, in a row.',
      labelNames: ['replica'],
      registers,
    }),
    syncRunning: new Gauge({ name: 'pngx_sync_running', help: '1 while a run is open.', registers }),
  };
}

/** One gauge a replica, filled from PostgreSQL at each scrape. */
function replicaSeries(registers: Registry[]) {
  const gauge = (name: string, help: string, more: readonly string[] = []) =>
    new Gauge({ name, help, labelNames: ['replica', ...more], registers });
  return {
    replicaRpo: gauge('pngx_replica_rpo_seconds', 'Age of the oldest change on the master that is not here yet.'),
    replicaDocuments: gauge('pngx_replica_documents', 'Documents by what is to be done with them.', ['state']),
    replicaDlq: gauge('pngx_replica_dlq_documents', 'Documents that were given up until somebody retries them.'),
    replicaConflicts: gauge('pngx_replica_conflicts', 'Edits made on the replica that wait for a person.'),
    replicaVerified: gauge('pngx_replica_verified', '1 if all was compared within the window and nothing is amiss.'),
    replicaVerificationAge: gauge('pngx_replica_verification_age_seconds', 'Age of the oldest comparison.', ['depth']),
    replicaDrift: gauge('pngx_replica_drift', 'Differences that no pending work explains.'),
    replicaFindings: gauge('pngx_replica_findings', 'Open findings of verifications, by kind.', ['kind']),
    replicaResting: gauge('pngx_replica_resting', '1 in quiet hours, or while the instance wants to be left alone.'),
    replicaQueueForeign: gauge('pngx_replica_queue_foreign_tasks', "Uploads of others in the replica's own queue."),
    scratchFull: new Gauge({
      name: 'pngx_scratch_full',
      help: '1 while a process has no room for files on its disk.',
      registers,
    }),
    replicaHygiene: gauge('pngx_replica_hygiene_findings', 'What the last look at the instance found.', ['severity']),
  };
}

function ownSeries(registers: Registry[]) {
  return {
    httpRequests: new Counter({
      name: 'pngx_http_requests_total',
      help: 'Requests to instances, by outcome (ok or error class).',
      labelNames: ['instance', 'outcome'],
      registers,
    }),
    httpDuration: new Histogram({
      name: 'pngx_http_request_duration_seconds',
      help: 'Duration of requests to instances.',
      labelNames: ['instance', 'outcome'],
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
    queueJobs: new Gauge({
      name: 'pngx_queue_jobs',
      help: 'Jobs in the queue.',
      labelNames: ['queue', 'state'],
      registers,
    }),
    leader: new Gauge({ name: 'pngx_leader', help: '1 while a living process leads.', registers }),
    leaderEpoch: new Gauge({ name: 'pngx_leader_epoch', help: 'Rises by one with each change of hands.', registers }),
    buildInfo: new Gauge({
      name: 'pngx_build_info',
      help: 'Always 1; the labels say what runs.',
      labelNames: ['version', 'role', 'queue'],
      registers,
    }),
  };
}

export interface Metrics
  extends ReturnType<typeof referenceSeries>,
    ReturnType<typeof replicaSeries>,
    ReturnType<typeof ownSeries> {
  readonly contentType: string;
  /** Called before each scrape, to fill gauges from the database. One that fails is left out, not the whole scrape. */
  onScrape(fill: () => Promise<void> | void): void;
  render(): Promise<string>;
}

/** A registry of its own, so that two services in one process (or two tests) do not share counters by accident. */
export function createMetrics(
  build: { version: string; role: string; queue: string },
  options: { process?: boolean } = {},
): Metrics {
  const registry = new Registry();
  if (options.process !== false) collectDefaultMetrics({ register: registry });
  const all = { ...referenceSeries([registry]), ...replicaSeries([registry]), ...ownSeries([registry]) };
  all.buildInfo.set(build, 1);
  const fills: (() => Promise<void> | void)[] = [];
  return {
    ...all,
    contentType: registry.contentType,
    onScrape: (fill) => void fills.push(fill),
    render: async () => {
      await Promise.allSettled(fills.map(async (fill) => fill()));
      return registry.metrics();
    },
  };
}
