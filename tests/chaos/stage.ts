/** Everything that runs: instances, servers, and the controller as three workers and two APIs, each on lines of its own. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Controller, controllerAt, untilReady } from '../../services/demo/stage/controller.ts';
import { freePort } from '../../shared/db/embedded-process.ts';
import { formatFernetKey } from '../../shared/kernel/fernet.ts';
import type { TestRedis } from '../support/redis.ts';
import { ChaosInstance, TOKEN } from './instance.ts';
import type { ChaosOptions } from './options.ts';
import { APIS, REPLICAS, WORKERS } from './plan.ts';
import { Line } from './proxy.ts';
import { type Database, startDatabase, startQueue } from './servers.ts';
import { Supervised } from './supervised.ts';
import { fastFolder } from '../support/fast-folder.ts';

/** One process of the controller. */
export interface Part {
  readonly program: Supervised;
  readonly postgres: Line;
  readonly redis: Line | null;
  /** Of an API. */
  readonly url: string;
}

export interface Stage {
  readonly folder: string;
  readonly master: ChaosInstance;
  readonly replicas: readonly ChaosInstance[];
  readonly database: Database;
  readonly redis: TestRedis | null;
  readonly workers: readonly Part[];
  readonly apis: readonly Part[];
  /** Ids of the replicas, in their order. */
  readonly replicaIds: readonly number[];
  readonly writesFile: string;
  close(): Promise<void>;
}

const GENERATIONS = {
  v2: ['v2', 'v2', 'v2', 'v2'],
  v3: ['v3', 'v3', 'v3', 'v3'],
  mixed: ['v3', 'v3', 'v2', 'v3'],
} as const;

export async function setStage(options: ChaosOptions): Promise<Stage> {
  const folder = await mkdtemp(join(fastFolder(), 'pngx-chaos-'));
  const closers: (() => Promise<unknown>)[] = [];
  const opened = <T>(what: T, close: () => Promise<unknown>): T => {
    closers.push(close);
    return what;
  };
  const close = async () => {
    for (const end of closers.reverse()) await end().catch(() => undefined);
    if (!options.keep) await rm(folder, { recursive: true, force: true });
  };
  try {
    const database = await startDatabase();
    opened(database, () => database.close());
    const redis = await startQueue(options.backend);
    if (redis) opened(redis, () => redis.close());
    const instances: ChaosInstance[] = [];
    for (const [at, profile] of GENERATIONS[options.profile].entries()) {
      const name = at === 0 ? 'master' : `replica-${at}`;
      const instance = await ChaosInstance.start(name, profile, at === 0 ? options.docs : 0, folder);
      instances.push(opened(instance, () => instance.stop()));
    }
    const [master, ...replicas] = instances as [ChaosInstance, ...ChaosInstance[]];
    const writesFile = join(folder, 'writes.jsonl');
    const controller = new Cast({ folder, master, database, redis, writesFile });
    const apis = await controller.start('api', APIS);
    const workers = await controller.start('worker', WORKERS);
    for (const part of [...apis, ...workers]) opened(part, () => closePart(part));
    const stage = { folder, master, replicas, database, redis, apis, workers, writesFile, replicaIds: [], close };
    return { ...stage, replicaIds: await configure(stage) };
  } catch (error) {
    await close();
    throw error;
  }
}

async function closePart(part: Part): Promise<void> {
  await part.program.stop();
  await part.postgres.close();
  await part.redis?.close();
}

interface Surroundings {
  readonly folder: string;
  readonly master: ChaosInstance;
  readonly database: Database;
  readonly redis: TestRedis | null;
  readonly writesFile: string;
}

class Cast {
  readonly #around: Surroundings;
  readonly #key = formatFernetKey(randomBytes(32));

  constructor(around: Surroundings) {
    this.#around = around;
  }

  async start(role: 'api' | 'worker', count: number): Promise<Part[]> {
    const parts: Part[] = [];
    for (let number = 1; number <= count; number += 1) parts.push(await this.#part(role, number));
    return parts;
  }

  async #part(role: 'api' | 'worker', number: number): Promise<Part> {
    const { folder, master, database, redis, writesFile } = this.#around;
    const postgres = await Line.to(database.port);
    const queue = redis && (await Line.to(Number(new URL(redis.url).port)));
    const port = await freePort();
    const name = `${role}-${number}`;
    const env = {
      SECRET_KEY: this.#key,
      DATABASE_URL: through(postgres, database.url),
      ...(queue && redis && { REDIS_URL: through(queue, redis.url) }),
      DATA_DIR: join(folder, name),
      PORT: String(port),
      WORKER_PORT: '0',
      WORKER_CONCURRENCY: '8',
      MASTER_URL: master.proxiedUrl,
      MASTER_TOKEN: TOKEN,
    };
    const script = role === 'api' ? 'services/api/main.ts' : 'tests/chaos/processes/worker.ts';
    const args = role === 'api' ? [] : [writesFile];
    const program = new Supervised({ name, script, args, env, logFile: join(folder, `${name}.log`) });
    program.start();
    return { program, postgres, redis: queue, url: `http://127.0.0.1:${port}` };
  }
}

function through(line: Line, url: string): string {
  const changed = new URL(url);
  changed.port = String(line.port);
  return changed.href;
}

/**
 * What a person would choose who wants the replicas to follow in everything. That documents wait for a person after some
 * failures, and replicas too, is a rule with tests of its own; here it would only hide what comes after.
 */
const SETTINGS = {
  sync_interval_seconds: 10,
  max_attempts: 100,
  replica_suspend_threshold: 1000,
  max_delete_percent: 100,
  max_delete_count: 100_000,
  request_timeout_seconds: 5,
};
const CHOICES = { deletion_mode: 'delete', replace_files_on_v2: true };

async function configure(stage: Omit<Stage, 'replicaIds'>): Promise<number[]> {
  for (const { url } of stage.apis) await untilReady(url);
  const controller = controllerAt(stage.apis[0]?.url ?? '');
  await controller.configure(SETTINGS);
  const ids: number[] = [];
  for (const replica of stage.replicas.slice(0, REPLICAS)) {
    const id = await controller.addReplica(replica.name, replica.proxiedUrl, replica.token);
    await controller.configureReplica(id, CHOICES);
    ids.push(id);
  }
  return ids;
}

/** The API that answers. */
export async function anyApi(stage: Stage): Promise<Controller> {
  for (const { url } of stage.apis) {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(3000) }).catch(() => null);
    if (answer?.ok) return controllerAt(url);
  }
  throw new Error('no API answers');
}
