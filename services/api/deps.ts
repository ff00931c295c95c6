/** What routes and pages are given. Built in one place, so that an adapter is never constructed anywhere else. */
import { randomBytes } from 'node:crypto';
import type { Door, Env } from '../../shared/config/env.ts';
import type { SecretBox } from '../../shared/config/secret-key.ts';
import type { Settings } from '../../shared/config/settings.ts';
import type { Database } from '../../shared/db/client.ts';
import type { Listener } from '../../shared/db/listen.ts';
import type { Db, Tables } from '../../shared/db/tables.ts';
import { systemClock, type Clock } from '../../shared/kernel/clock.ts';
import type { Pace, RequestSlots, WriteGuard } from '../../shared/kernel/limits.ts';
import type { Connection, RequestEvent } from '../../shared/paperless/client.ts';
import { createReader } from '../../shared/paperless/reader.ts';
import { parseInstanceUrl } from '../../shared/paperless/url.ts';
import { createHintWorkflows, type HintWorkflows } from '../../shared/paperless/workflows.ts';
import { createWriter } from '../../shared/paperless/writer.ts';
import type { QueueBackend } from '../../shared/queue/backend.ts';
import { createInspector } from '../../shared/queue/inspect.ts';
import type { Producer } from '../../shared/queue/producer.ts';
import type { EngineLog, EngineQueue } from '../../shared/replication/deps.ts';
import { engineQueue, notifyQueue } from '../../shared/replication/engine-queue.ts';
import type { NotifyDeps } from '../../shared/replication/notify/deps.ts';
import { ownAddress } from '../../shared/replication/notify/own-address.ts';
import type { CloseDeps } from '../../shared/replication/close-runs.ts';
import { engineMetrics } from '../../shared/replication/engine-metrics.ts';
import { naming } from '../../shared/replication/instances.ts';
import { loadSettings } from '../../shared/replication/load-settings.ts';
import type { InstanceAccess, InstanceClients } from '../../shared/replication/test-connection.ts';
import type { Metrics } from '../../shared/telemetry/metrics.ts';
import { createLive, type Live } from './live/live.ts';
import { fillQueueGauges, fillReplicaGauges } from './presenters/replica-gauges.ts';

/** A part of ours that must work for us to work; instances are none (O1). */
export interface HealthCheck {
  readonly name: 'db' | 'queue';
  check(): Promise<void>;
}

export interface ApiDeps {
  readonly db: Db;
  readonly secrets: SecretBox;
  readonly clients: InstanceClients;
  /** What may be written to the master: one workflow, when a person asks for it. */
  openHintWorkflows(access: InstanceAccess): HintWorkflows;
  readonly queue: EngineQueue;
  /** For looks into the queue. */
  readonly backend: QueueBackend;
  /** Events for the logs page. */
  readonly log: EngineLog;
  /** Clients that follow logs and progress. */
  readonly live: Live;
  /** Filled from PostgreSQL at each scrape. */
  readonly metrics: Pick<Metrics, 'render' | 'contentType' | 'webhookRequests'>;
  readonly clock: Clock;
  /** For verbs that end runs. */
  readonly closing: CloseDeps;
  /** For messages to people: tests, digests, and repeats. */
  readonly notify: NotifyDeps;
  readonly randomHex: (bytes: number) => string;
  readonly health: readonly HealthCheck[];
  /** True from the moment the process begins to stop: it still answers, but wants no new traffic. */
  readonly draining: () => boolean;
  readonly version: string;
  readonly publicUrl: string | undefined;
  readonly basePath: string;
  /** Who may come in. */
  readonly door: Door;
  /** For pages, where the settings name none. */
  readonly timeZone: string;
  /** For files that have to be fetched to be compared. */
  readonly scratchDir: string;
  settings(): Promise<Settings>;
}

/** What a program opened before it makes an API of it; `shared/replication/foundation.ts` has it all. */
export interface ApiFoundation {
  readonly env: Pick<Env, 'publicUrl' | 'basePath' | 'timeZone' | 'scratchDir' | 'door'>;
  readonly database: Database<Tables>;
  readonly secrets: SecretBox;
  readonly producer: Producer;
  readonly backend: QueueBackend;
  /** One connection that listens, shared by all live streams. */
  readonly listener: Listener;
  readonly slots: RequestSlots;
  readonly pace?: Pace | undefined;
  readonly log: EngineLog;
  readonly metrics: Metrics;
  readonly onRequest?: (event: RequestEvent) => void;
  readonly version: string;
}

export function createApiDeps(from: ApiFoundation, draining: () => boolean): ApiDeps {
  const { database, secrets, log, metrics } = from;
  const { db } = database;
  const inspect = createInspector(from.backend);
  metrics.onScrape(() => fillReplicaGauges({ db, secrets, clock: systemClock, version: from.version }, metrics));
  metrics.onScrape(() => fillQueueGauges(inspect, metrics));
  const settings = () => loadSettings({ db, secrets });
  return {
    db,
    secrets,
    clients: instanceClients(from),
    openHintWorkflows: hintWorkflowsFor(from),
    backend: from.backend,
    queue: engineQueue(from.producer),
    log,
    live: createLive({ db, listener: from.listener, log }),
    metrics,
    clock: systemClock,
    notify: {
      ...{ db, secrets, log, settings, clock: systemClock, queue: notifyQueue(from.producer) },
      publicUrl: ownAddress(from.env),
      onDelivered: (kind, outcome) => metrics.alertDeliveries.inc({ kind, outcome }),
    },
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
    health: [
      { name: 'db', check: async () => void (await database.pool.query('select 1')) },
      { name: 'queue', check: () => from.backend.ping() },
    ],
    draining,
    version: from.version,
    publicUrl: from.env.publicUrl,
    basePath: from.env.basePath,
    door: from.env.door,
    timeZone: from.env.timeZone,
    scratchDir: from.env.scratchDir,
    settings,
    closing: { db, log, metrics: engineMetrics(metrics), settings, clock: systemClock },
  };
}

/** A person waits for the answer: one repeat, and limits far below those of the engine. */
const INTERACTIVE = { timeouts: { connectMs: 5000, answerMs: 20_000 }, retryDelaysMs: [500] } as const;
/** An instance that is not saved yet has no slots to share; the test asks it one question after the other. */
export const NO_LIMIT: RequestSlots = { run: (_target, work) => work(new AbortController().signal) };
/** Writes are a marker tag that is removed at once, and what a person asks for: they need no proof that this process owns anything. */
const ALWAYS: WriteGuard = { assertAlive: () => undefined, fenced: new AbortController().signal };

type ClientFoundation = Pick<ApiFoundation, 'slots' | 'pace' | 'onRequest'>;

export function instanceClients(from: ClientFoundation): InstanceClients {
  const { connectionOf, depsFor } = interactive(from);
  return {
    openReader: (access) => naming(createReader(connectionOf(access), depsFor(access.target)), access.target ?? -1),
    openWriter: (access) => naming(createWriter(connectionOf(access), depsFor(access.target)), access.target ?? -1),
  };
}

export function hintWorkflowsFor(from: ClientFoundation): ApiDeps['openHintWorkflows'] {
  const { connectionOf, depsFor } = interactive(from);
  return (access) => naming(createHintWorkflows(connectionOf(access), depsFor(access.target)), access.target ?? -1);
}

function interactive(from: ClientFoundation) {
  const depsFor = (target: number | null) => ({
    slots: target === null ? NO_LIMIT : from.slots,
    pace: target === null ? undefined : from.pace,
    clock: systemClock,
    guard: ALWAYS,
    retryDelaysMs: INTERACTIVE.retryDelaysMs,
    onRequest: from.onRequest,
  });
  const connectionOf = ({ url, token, target }: InstanceAccess): Connection => ({
    target: target ?? -1,
    baseUrl: parseInstanceUrl(url),
    token,
    timeouts: INTERACTIVE.timeouts,
  });
  return { connectionOf, depsFor };
}
