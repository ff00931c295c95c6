/** A running API on a database of its own, spoken to over HTTP only. */
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KyselyPlugin } from 'kysely';
import { createApiDeps, type ApiDeps } from '../../../services/api/deps.ts';
import { startApi } from '../../../services/api/server.ts';
import type { Door } from '../../../shared/config/env.ts';
import { NO_PROXIES } from '../../../shared/config/trusted-proxies.ts';
import { createSecretBox, type SecretBox } from '../../../shared/config/secret-key.ts';
import { openDatabase } from '../../../shared/db/client.ts';
import { openListener } from '../../../shared/db/listen.ts';
import type { Db, Tables } from '../../../shared/db/tables.ts';
import { formatFernetKey } from '../../../shared/kernel/fernet.ts';
import type { RequestSlots } from '../../../shared/kernel/limits.ts';
import { openQueueBackend, type QueueBackend } from '../../../shared/queue/backend.ts';
import { createProducer, type Producer } from '../../../shared/queue/producer.ts';
import type { EngineLog, LogFields } from '../../../shared/replication/deps.ts';
import { createMetrics } from '../../../shared/telemetry/metrics.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

/** An answer as it came: the tests say what they expect of it. */
export type Json = ReturnType<typeof JSON.parse>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Json;
}
export interface TestApi {
  readonly url: string;
  readonly deps: ApiDeps;
  readonly testDatabase: TestDatabase;
  readonly db: Db;
  /** Of the role that owns the tables: the product itself never removes a link. */
  readonly owner: Db;
  readonly secrets: SecretBox;
  /** Runs whose cycle job was enqueued. */
  readonly enqueued: number[];
  readonly logged: { readonly message: string; readonly fields: LogFields | undefined }[];
  /** Makes the queue refuse jobs, as while Redis is away. */
  breakQueue(broken: boolean): void;
  /** Lets the process look as if it was about to stop. */
  drain(): void;
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  get(path: string): Promise<Answer>;
  close(): Promise<void>;
}

const FREE_SLOTS: RequestSlots = { run: (_target, work) => work(new AbortController().signal) };

/** As on a loopback HOST without AUTH_MODE. */
export const OPEN_DOOR: Door = {
  mode: 'none',
  header: 'x-authentik-username',
  proxies: NO_PROXIES,
  adminPassword: undefined,
  loopback: true,
  metricsAuth: false,
};

export interface TestApiOptions {
  readonly door?: Partial<Door>;
  readonly publicUrl?: string;
  readonly basePath?: string;
  /** SECRET_KEY, where a worker on the same database has to read its tokens. */
  readonly key?: string;
  /** Share the database and key of another API: a second process of the same installation. */
  readonly joins?: Pick<TestApi, 'testDatabase' | 'secrets'>;
  /** Told of every statement that the API sends to its database. */
  readonly onQuery?: () => void;
  /** The queue on Redis instead. */
  readonly redisUrl?: string | undefined;
  readonly patience?: Parameters<typeof startApi>[2];
}

export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const testDatabase = options.joins?.testDatabase ?? (await createTestDatabase());
  const opened = openDatabase<Tables>(testDatabase.url, { max: 4 });
  const { onQuery } = options;
  const database = onQuery === undefined ? opened : { ...opened, db: opened.db.withPlugin(countingPlugin(onQuery)) };
  const secrets =
    options.joins?.secrets ??
    createSecretBox({ current: options.key ?? formatFernetKey(randomBytes(32)), old: undefined });
  const state = { draining: false, broken: false };
  const enqueued: number[] = [];
  const logged: TestApi['logged'] = [];
  const note = (message: string, fields?: LogFields) => void logged.push({ message, fields });
  const log: EngineLog = { info: note, warning: note, error: note };
  const ping = () => (state.broken ? Promise.reject(new Error('queue away')) : Promise.resolve());
  const realBackend = await openQueueBackend({ databaseUrl: testDatabase.url, redisUrl: options.redisUrl, workers: 0 });
  const backend: QueueBackend = { ...realBackend, ping: () => ping().then(() => realBackend.ping()) };
  const listener = openListener(testDatabase.url);
  const realProducer = createProducer(backend);
  const producer: Producer = {
    ...realProducer,
    enqueue: async (name, payload, options) => {
      await ping();
      await realProducer.enqueue(name, payload, options);
      if ('runId' in payload && payload.runId !== null) enqueued.push(payload.runId);
    },
  };
  const foundation = {
    env: {
      publicUrl: options.publicUrl,
      basePath: options.basePath ?? '',
      timeZone: 'UTC',
      scratchDir: join(tmpdir(), 'pngx-test-scratch'),
      door: { ...OPEN_DOOR, ...options.door },
    },
    database,
    secrets,
    producer,
    backend,
    listener,
    slots: FREE_SLOTS,
    log,
    metrics: createMetrics({ version: '0.0.0-test', role: 'api', queue: backend.kind }, { process: false }),
    version: '0.0.0-test',
  };
  const deps = createApiDeps(foundation, () => state.draining);
  const api = await startApi(deps, { host: '127.0.0.1', port: 0 }, options.patience);
  const request = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    send(`${api.url}${path}`, method, body, headers);
  return {
    url: api.url,
    deps,
    testDatabase,
    db: database.db,
    owner: testDatabase.owner,
    secrets,
    enqueued,
    logged,
    breakQueue: (broken) => void (state.broken = broken),
    drain: () => void (state.draining = true),
    request,
    get: (path) => request('GET', path),
    close: async () => {
      await api.close(1000);
      await listener.close();
      await backend.close();
      await database.close();
      if (options.joins === undefined) await testDatabase.drop();
    },
  };
}

const countingPlugin = (onQuery: () => void): KyselyPlugin => ({
  transformQuery({ node }) {
    onQuery();
    return node;
  },
  transformResult: ({ result }) => Promise.resolve(result),
});

/** A text goes out as it is, so that tests can send what is no JSON. */
async function send(url: string, method: string, body: unknown, headers: Record<string, string>): Promise<Answer> {
  const init: RequestInit = { method, headers, redirect: 'manual' };
  if (body !== undefined) {
    init.body = typeof body === 'string' ? body : JSON.stringify(body);
    init.headers = { 'content-type': 'application/json', ...headers };
  }
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = /application\/json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : null };
}

export async function addReplicaRow(api: TestApi, name: string, more: object = {}): Promise<number> {
  const row = await api.db
    .insertInto('replicas')
    .values({
      name,
      url: `http://127.0.0.1:9/${name}`,
      api_token: api.secrets.seal('secret-token-of-replica'),
      ...more,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}
