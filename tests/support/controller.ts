/** A whole worker of the product, in this process, on a database of its own; what the API would do is a method here. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecretBox, type SecretBox } from '../../shared/config/secret-key.ts';
import { openDatabase } from '../../shared/db/client.ts';
import { insertReplica } from '../../shared/db/replicas.repo.ts';
import { putSettings } from '../../shared/db/settings.repo.ts';
import { AdvisorySlots } from '../../shared/db/slots.ts';
import type { Db, Link, Run, Tables } from '../../shared/db/tables.ts';
import { formatFernetKey } from '../../shared/kernel/fernet.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import { openQueueBackend } from '../../shared/queue/backend.ts';
import { createProducer } from '../../shared/queue/producer.ts';
import type { EngineLog, EngineTimings, LogFields } from '../../shared/replication/deps.ts';
import { loadSettings } from '../../shared/replication/load-settings.ts';
import { openCycle, type OpenedCycle } from '../../shared/replication/open-cycle.ts';
import type { RequestEvent } from '../../shared/paperless/client.ts';
import { engineQueue } from '../../services/worker/deps.ts';
import { startWorker, type RunningWorker } from '../../services/worker/start.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';
import { waitFor } from './wait.ts';

export interface Instance {
  readonly url: string;
  readonly token: string;
}
export interface ControllerOptions {
  readonly master: Instance;
  readonly replicas: Readonly<Record<string, Instance>>;
  readonly settings?: Readonly<Record<string, string>>;
  readonly timings?: Partial<EngineTimings>;
  readonly redisUrl?: string | undefined;
  /** Share the database (and the key) of another controller: a second process of the same installation. */
  readonly joins?: Controller;
  readonly concurrency?: number;
  readonly racePoint?: (name: string) => Promise<void>;
  readonly onRequest?: (event: RequestEvent) => void;
  readonly presence?: { beatMs?: number; deadAfterMs?: number; writeGraceMs?: number };
  /** Only the database and the rows; no process works. */
  readonly idle?: boolean;
}
export interface LogLine extends LogFields {
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
}

/** Waits short enough for tests; the order of the steps is the product's. */
export const FAST_TIMINGS: Partial<EngineTimings> = {
  looksApartMs: 200,
  unansweredHoldMs: 400,
  cleanReadsApartMs: 200,
  stuckQueueMs: 2000,
  requestTimeoutMs: 500,
};

export class Controller {
  readonly logs: LogLine[] = [];
  fenced = false;
  worker: RunningWorker | undefined;
  readonly database: TestDatabase;
  readonly secrets: SecretBox;
  readonly key: string;
  readonly #options: ControllerOptions;
  readonly #closers: (() => Promise<unknown>)[] = [];

  private constructor(options: ControllerOptions, database: TestDatabase, key: string) {
    this.#options = options;
    this.database = database;
    this.key = key;
    this.secrets = createSecretBox({ current: key, old: undefined });
  }

  static async start(options: ControllerOptions): Promise<Controller> {
    const key = options.joins?.key ?? formatFernetKey(randomBytes(32));
    const controller = new Controller(options, options.joins?.database ?? (await createTestDatabase()), key);
    if (!options.joins) await controller.#configure();
    if (!options.idle) await controller.startWorker();
    return controller;
  }

  get db(): Db {
    return this.database.db;
  }

  async #configure(): Promise<void> {
    const { master, replicas, settings = {} } = this.#options;
    const rows = { master_url: master.url, master_token: this.secrets.seal(master.token), sync_interval_seconds: '86400', ...settings };
    await putSettings(this.db, Object.entries(rows).map(([key, value]) => ({ key, value })));
    for (const [name, { url, token }] of Object.entries(replicas)) await insertReplica(this.db, { name, url, api_token: this.secrets.seal(token) });
    // The schedule's first tick is a day away: tests trigger their cycles.
    await this.db.updateTable('master_state').set({ next_cycle_at: new Date(Date.now() + 86_400_000) }).execute();
  }

  async startWorker(): Promise<void> {
    const database = openDatabase<Tables>(this.database.url, { max: 12, applicationName: 'worker' });
    const backend = await openQueueBackend({ databaseUrl: this.database.url, redisUrl: this.#options.redisUrl, workers: 5, prefix: this.database.url.split('_').at(-1) ?? 'test' });
    const slots = new AdvisorySlots({ url: this.database.url });
    const scratchDir = await mkdtemp(join(tmpdir(), 'pngx-test-'));
    const worker = await startWorker({
      database,
      secrets: this.secrets,
      backend,
      producer: createProducer(backend),
      slots,
      log: this.log,
      jobLog: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: (fields, message) => this.logs.push({ level: 'error', message, ...fields }) },
      metrics: { documentSettled: () => undefined, runClosed: () => undefined },
      controllerId: 'c0ffee00',
      scratchDir,
      role: 'worker',
      version: '0.0.0-test',
      concurrency: this.#options.concurrency ?? 16,
      timings: { ...FAST_TIMINGS, ...this.#options.timings },
      retryDelaysMs: [20, 40, 80],
      tickMs: 250,
      onFenced: () => {
        this.fenced = true;
      },
      ...(this.#options.racePoint ? { racePoint: this.#options.racePoint } : {}),
      ...(this.#options.onRequest ? { onRequest: this.#options.onRequest } : {}),
      ...(this.#options.presence ? { presence: this.#options.presence } : {}),
    });
    this.worker = worker;
    this.#closers.push(
      () => worker.close(5000),
      () => backend.close(),
      () => slots.close(),
      () => database.close(),
      () => rm(scratchDir, { recursive: true, force: true }),
    );
  }

  readonly log: EngineLog = {
    info: (message, fields = {}) => void this.logs.push({ level: 'info', message, ...fields }),
    warning: (message, fields = {}) => void this.logs.push({ level: 'warning', message, ...fields }),
    error: (message, fields = {}) => void this.logs.push({ level: 'error', message, ...fields }),
  };

  async openCycle(replicaId?: number): Promise<OpenedCycle> {
    const backend = await openQueueBackend({ databaseUrl: this.database.url, redisUrl: this.#options.redisUrl, workers: 0, prefix: this.database.url.split('_').at(-1) ?? 'test' });
    try {
      const settings = () => loadSettings({ db: this.db, secrets: this.secrets });
      return await openCycle({ db: this.db, queue: engineQueue(createProducer(backend)), log: this.log, clock: systemClock, settings }, { trigger: 'manual', replicaId });
    } finally {
      await backend.close();
    }
  }

  /** One cycle from its trigger to its end. */
  async cycle(replicaId?: number, timeoutMs = 60_000): Promise<Run> {
    const { runId } = await this.openCycle(replicaId);
    return this.ended(runId, timeoutMs);
  }

  ended(runId: number, timeoutMs = 60_000): Promise<Run> {
    return waitFor(`run ${runId} to end`, () => this.db.selectFrom('sync_runs').selectAll().where('id', '=', runId).where('finished_at', 'is not', null).executeTakeFirst(), timeoutMs);
  }

  links(replicaName?: string): Promise<Link[]> {
    let query = this.db.selectFrom('sync_map').selectAll('sync_map').orderBy('sync_map.id');
    if (replicaName) query = query.innerJoin('replicas', 'replicas.id', 'sync_map.replica_id').where('replicas.name', '=', replicaName);
    return query.execute();
  }

  async replica(name: string) {
    return this.db.selectFrom('replicas').selectAll().where('name', '=', name).executeTakeFirstOrThrow();
  }

  runs(): Promise<Run[]> {
    return this.db.selectFrom('sync_runs').selectAll().orderBy('id').execute();
  }

  /** Stops the worker as SIGTERM would; the database stays. */
  async stopWorker(): Promise<void> {
    for (const close of this.#closers.splice(0)) await close();
    this.worker = undefined;
  }

  async stop(): Promise<void> {
    await this.stopWorker();
    if (!this.#options.joins) await this.database.drop();
  }
}
