/** A whole worker of the product, in this process, on a database of its own; what the API would do is a method here. */
import { randomBytes } from 'node:crypto';
import { createSecretBox, type SecretBox } from '../../shared/config/secret-key.ts';
import { insertReplica } from '../../shared/db/replicas.repo.ts';
import { putSettings } from '../../shared/db/settings.repo.ts';
import type { Db, Link, Run } from '../../shared/db/tables.ts';
import { formatFernetKey } from '../../shared/kernel/fernet.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import { openQueueBackend, type QueueBackend } from '../../shared/queue/backend.ts';
import { createProducer } from '../../shared/queue/producer.ts';
import type { EngineLog, EngineTimings, LogFields } from '../../shared/replication/deps.ts';
import { loadSettings } from '../../shared/replication/load-settings.ts';
import { openCycle, type OpenCycleRequest, type OpenedCycle } from '../../shared/replication/open-cycle.ts';
import type { RequestEvent, Timeouts } from '../../shared/paperless/client.ts';
import type { ScratchOptions } from '../../shared/replication/scratch.ts';
import { engineQueue } from '../../shared/replication/engine-queue.ts';
import type { RunningWorker } from '../../services/worker/start.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';
import { queuePrefix, startTestWorker } from './test-worker.ts';
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
  readonly timeouts?: Partial<Timeouts>;
  readonly redisUrl?: string | undefined;
  /** Otherwise a clone on the server of the test run; whoever gives one drops it. */
  readonly database?: TestDatabase;
  /** Share the database (and the key) of another controller: a second process of the same installation. */
  readonly joins?: Controller;
  readonly concurrency?: number;
  /** How full the disk is said to be. */
  readonly scratch?: ScratchOptions;
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

export class Controller {
  readonly logs: LogLine[] = [];
  fenced = false;
  worker: RunningWorker | undefined;
  readonly database: TestDatabase;
  readonly secrets: SecretBox;
  readonly key: string;
  readonly #options: ControllerOptions;
  #backend: Promise<QueueBackend> | undefined;
  readonly #closers: (() => Promise<unknown>)[] = [];

  private constructor(options: ControllerOptions, database: TestDatabase, key: string) {
    this.#options = options;
    this.database = database;
    this.key = key;
    this.secrets = createSecretBox({ current: key, old: undefined });
  }

  static async start(options: ControllerOptions): Promise<Controller> {
    const key = options.joins?.key ?? formatFernetKey(randomBytes(32));
    const controller = new Controller(
      options,
      options.joins?.database ?? options.database ?? (await createTestDatabase()),
      key,
    );
    if (!options.joins) await controller.#configure();
    if (!options.idle) await controller.startWorker();
    return controller;
  }

  get db(): Db {
    return this.database.db;
  }

  async #configure(): Promise<void> {
    const { master, replicas, settings = {} } = this.#options;
    const rows = {
      master_url: master.url,
      master_token: this.secrets.seal(master.token),
      sync_interval_seconds: '86400',
      ...settings,
    };
    await putSettings(
      this.db,
      Object.entries(rows).map(([key, value]) => ({ key, value })),
    );
    for (const [name, { url, token }] of Object.entries(replicas))
      await insertReplica(this.db, { name, url, api_token: this.secrets.seal(token) });
    // The schedule's first tick is a day away: tests trigger their cycles.
    await this.db
      .updateTable('master_state')
      .set({ next_cycle_at: new Date(Date.now() + 86_400_000) })
      .execute();
  }

  async startWorker(): Promise<void> {
    const {
      replicas: _replicas,
      master: _master,
      settings: _settings,
      joins: _joins,
      database: _database,
      idle: _idle,
      ...rest
    } = this.#options;
    const onFenced = () => {
      this.fenced = true;
    };
    const started = await startTestWorker({
      ...rest,
      databaseUrl: this.database.url,
      key: this.key,
      log: this.log,
      onFenced,
    });
    this.worker = started.worker;
    this.#closers.push(() => started.close());
  }

  readonly log: EngineLog = {
    info: (message, fields = {}) => void this.logs.push({ level: 'info', message, ...fields }),
    warning: (message, fields = {}) => void this.logs.push({ level: 'warning', message, ...fields }),
    error: (message, fields = {}) => void this.logs.push({ level: 'error', message, ...fields }),
  };

  async openCycle(
    replicaId?: number,
    purpose: Pick<OpenCycleRequest, 'sweep' | 'mode'> = {},
    secrets = this.secrets,
  ): Promise<OpenedCycle> {
    const settings = () => loadSettings({ db: this.db, secrets });
    const queue = engineQueue(createProducer(await this.#queue()));
    return await openCycle(
      { db: this.db, queue, log: this.log, clock: systemClock, settings },
      { trigger: 'manual', replicaId, ...purpose },
    );
  }

  /** One cycle from its trigger to its end. */
  cycle(replicaId?: number, timeoutMs = 60_000): Promise<Run> {
    return this.#wholeCycle(replicaId, {}, timeoutMs);
  }

  /** A cycle that compares all documents (E19). */
  sweep(replicaId?: number, timeoutMs = 60_000): Promise<Run> {
    return this.#wholeCycle(replicaId, { sweep: true }, timeoutMs);
  }

  /** Not one that a repair opened a moment ago: it may have read its feed before the change that the test made. */
  async #wholeCycle(replicaId: number | undefined, purpose: { sweep?: boolean }, timeoutMs: number): Promise<Run> {
    for (;;) {
      const { runId, alreadyRunning } = await this.openCycle(replicaId, purpose);
      const run = await this.ended(runId, timeoutMs);
      if (!alreadyRunning) return run;
    }
  }

  ended(runId: number, timeoutMs = 60_000): Promise<Run> {
    return waitFor(
      `run ${runId} to end`,
      () =>
        this.db
          .selectFrom('sync_runs')
          .selectAll()
          .where('id', '=', runId)
          .where('finished_at', 'is not', null)
          .executeTakeFirst(),
      timeoutMs,
    );
  }

  links(replicaName?: string): Promise<Link[]> {
    let query = this.db.selectFrom('sync_map').selectAll('sync_map').orderBy('sync_map.id');
    if (replicaName)
      query = query
        .innerJoin('replicas', 'replicas.id', 'sync_map.replica_id')
        .where('replicas.name', '=', replicaName);
    return query.execute();
  }

  async replica(name: string) {
    return this.db.selectFrom('replicas').selectAll().where('name', '=', name).executeTakeFirstOrThrow();
  }

  runs(): Promise<Run[]> {
    return this.db.selectFrom('sync_runs').selectAll().orderBy('id').execute();
  }

  /** Stops the worker as SIGTERM would; the database stays. */
  /** One for all cycles, as an api process keeps it: opening it costs more than a small cycle. */
  #queue(): Promise<QueueBackend> {
    this.#backend ??= openQueueBackend({
      databaseUrl: this.database.url,
      redisUrl: this.#options.redisUrl,
      workers: 0,
      prefix: queuePrefix(this.database.url),
    });
    return this.#backend;
  }

  async stopWorker(): Promise<void> {
    for (const close of this.#closers.splice(0)) await close();
    this.worker = undefined;
  }

  async stop(): Promise<void> {
    await this.stopWorker();
    await (await this.#backend)?.close();
    if (!this.#options.joins && !this.#options.database) await this.database.drop();
  }
}
