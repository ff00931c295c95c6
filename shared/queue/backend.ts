import {
  createPostgresBackend,
  type JobsOptions,
  type Processor,
  Queue,
  type QueueOptions,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import { Redis } from 'ioredis';
import { delay, MINUTE, SECOND } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import { QUEUES, type QueueName } from './catalog.ts';
import { createQueuePool } from './postgres-pool.ts';

/** The one place that knows which server the queue lives on (R1). */
export interface QueueBackend {
  readonly kind: 'redis' | 'postgres';
  queue(name: QueueName): Queue;
  worker(name: QueueName, processor: Processor, options: { concurrency: number }): Worker;
  /** Rejects when the server does not answer; for health checks. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface BackendOptions {
  /** Set: Redis or Valkey. Unset: PostgreSQL at `databaseUrl`, which must be a session connection. */
  readonly redisUrl?: string | undefined;
  readonly databaseUrl: string;
  /** What its sessions on PostgreSQL are called there. */
  readonly applicationName?: string;
  /** How many workers this process will run; 0 for one that only adds jobs. */
  readonly workers: number;
  /** Keeps several installations on one Redis apart; tests use it. */
  readonly prefix?: string;
  readonly onError?: (error: Error) => void;
  readonly waitMs?: number;
  /** Tests shorten these two: together they bound the time until a killed worker's job is taken over (R3). */
  readonly lockDurationMs?: number;
  readonly stalledIntervalMs?: number;
}

/** By age alone: keeping a number of jobs makes the PostgreSQL backend dead-lock and finished jobs end as failed. */
const KEEP: Pick<JobsOptions, 'removeOnComplete' | 'removeOnFail'> = {
  removeOnComplete: { age: 3600 },
  removeOnFail: { age: 7 * 86_400 },
};

/**
 * 2, 4, 8 ... 60 s with a quarter of noise; BullMQ's own back-off has no upper limit. Whole milliseconds only: PostgreSQL
 * refuses a fraction, and the job would stay active until it stalls.
 */
export function retryDelay(attemptsMade: number): number {
  return Math.round(Math.min(MINUTE, SECOND * 2 ** attemptsMade) * (0.75 + Math.random() / 2));
}

interface Connections {
  /** What BullMQ is given, for queues and for workers. */
  readonly forQueue: unknown;
  readonly forWorker: unknown;
  readonly factory: unknown;
  ping(): Promise<void>;
  end(): Promise<void>;
}

function unreachable(code: string, what: string, cause: unknown): AppError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AppError({
    code,
    class: 'config',
    message: `${what} cannot be reached (${reason}).`,
    hint: 'Check its URL and that it runs.',
    cause,
  });
}

function describeRedis(url: string): string {
  const { hostname, port } = new URL(url);
  return `Redis at ${hostname}:${port === '' ? 6379 : port}`;
}

async function pingRedis(redis: Redis): Promise<void> {
  if (redis.status === 'wait') await redis.connect();
  await redis.ping();
}

async function waitForRedis(redis: Redis, url: string, waitMs: number): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    try {
      return await pingRedis(redis);
    } catch (error) {
      const hopeless = /WRONGPASS|NOAUTH|invalid password/i.test((error as Error).message);
      if (hopeless || performance.now() >= deadline) throw unreachable('redis_unreachable', describeRedis(url), error);
      await delay(200);
    }
  }
}

async function connectRedis(
  url: string,
  options: BackendOptions,
  onError: (error: Error) => void,
): Promise<Connections> {
  // A line that was cut without a word: TCP would wait for a quarter of an hour. Longer than a blocking read of a worker (10 s).
  const socketTimeout = 14 * SECOND;
  const retryStrategy = (tries: number) => Math.min(100 * tries, SECOND);
  const shared = { retryStrategy, connectionName: 'pngx-controller', socketTimeout };
  // Adding a job while Redis is away fails at once, like on PostgreSQL: the dispatcher adds it again, while a caller that
  // hangs would hold an HTTP request or a handler. Workers, on the other hand, have to wait for it.
  const forQueue = new Redis(url, {
    ...shared,
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: 5 * SECOND,
  });
  const forWorker = new Redis(url, { ...shared, lazyConnect: true, maxRetriesPerRequest: null });
  for (const redis of [forQueue, forWorker]) redis.on('error', onError);
  const end = async () => {
    for (const redis of [forQueue, forWorker]) redis.disconnect();
  };
  try {
    await waitForRedis(forQueue, url, options.waitMs ?? MINUTE);
  } catch (error) {
    await end();
    throw error;
  }
  return { forQueue, forWorker, factory: undefined, ping: () => pingRedis(forQueue), end };
}

async function connectPostgres(options: BackendOptions, onError: (error: Error) => void): Promise<Connections> {
  // Every worker keeps one connection for LISTEN for ever: a smaller pool would stand still without a word.
  const pool = createQueuePool(options.databaseUrl, options.workers + 4, onError, options.applicationName);
  const ping = async () => {
    await pool.query('select 1');
  };
  try {
    await ping();
  } catch (error) {
    await pool.end();
    throw unreachable('database_unreachable', 'The database of the queue', error);
  }
  return { forQueue: pool, forWorker: pool, factory: createPostgresBackend, ping, end: () => pool.end() };
}

/** Closing waits for the server's answer, and a server that is away must not keep a stopping process. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([work, delay(ms, timer.signal).catch(() => undefined)])
    .catch(() => undefined)
    .finally(() => timer.abort());
}

type Closable = Queue | Worker;

/**
 * One function for both backends. The casts are at BullMQ's border: its classes take the connection and the factory of
 * the backend as type parameters, and which one it is is known only at run time.
 */
export async function openQueueBackend(options: BackendOptions): Promise<QueueBackend> {
  const onError = options.onError ?? (() => undefined);
  const { redisUrl } = options;
  const connections =
    redisUrl === undefined ? await connectPostgres(options, onError) : await connectRedis(redisUrl, options, onError);
  const prefix = options.prefix === undefined || redisUrl === undefined ? {} : { prefix: options.prefix };
  const opened: Closable[] = [];
  const track = <T extends Closable>(thing: T): T => {
    (thing as Queue).on('error', onError);
    opened.push(thing);
    return thing;
  };
  const queues = new Map<QueueName, Queue>();
  const openQueue = (name: QueueName): Queue => {
    const config = { ...prefix, connection: connections.forQueue, defaultJobOptions: KEEP };
    return track(new Queue(name, config as QueueOptions, connections.factory as undefined));
  };
  const backend: QueueBackend = {
    kind: redisUrl === undefined ? 'postgres' : 'redis',
    queue: (name) => {
      const queue = queues.get(name) ?? openQueue(name);
      queues.set(name, queue);
      return queue;
    },
    worker: (name, processor, { concurrency }) => {
      const config = {
        ...prefix,
        connection: connections.forWorker,
        concurrency,
        ...workerTimes(options),
        settings: { backoffStrategy: retryDelay },
      };
      return track(new Worker(name, processor, config as WorkerOptions, connections.factory as undefined));
    },
    ping: connections.ping,
    close: async () => {
      for (const thing of opened.reverse()) await atMost(2 * SECOND, thing.close());
      await atMost(2 * SECOND, connections.end());
    },
  };
  for (const name of QUEUES) await backend.queue(name).waitUntilReady();
  return backend;
}

/** Why these numbers: docs/architecture.md, "Takeover"; the library's own (30, 30 and 15 s) are too slow for R3. */
function workerTimes(options: BackendOptions): Partial<WorkerOptions> {
  return {
    lockDuration: options.lockDurationMs ?? 15 * SECOND,
    stalledInterval: options.stalledIntervalMs ?? 10 * SECOND,
    // A job that outlives several crashes is still wanted; what crashes workers is counted in PostgreSQL (H20).
    maxStalledCount: 10,
    runRetryDelay: SECOND,
    drainDelay: 5,
  };
}

export type { Worker };
