/** A database, a queue, three simulated instances, and worker programs as they are run, with the product's own times. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecretBox } from '../../../shared/config/secret-key.ts';
import { openDatabase } from '../../../shared/db/client.ts';
import { startEmbedded } from '../../../shared/db/embedded.ts';
import { migrate } from '../../../shared/db/migrate.ts';
import { insertReplica } from '../../../shared/db/replicas.repo.ts';
import { putSettings } from '../../../shared/db/settings.repo.ts';
import type { Db, Tables } from '../../../shared/db/tables.ts';
import { systemClock } from '../../../shared/kernel/clock.ts';
import { formatFernetKey } from '../../../shared/kernel/fernet.ts';
import { openQueueBackend } from '../../../shared/queue/backend.ts';
import { createProducer } from '../../../shared/queue/producer.ts';
import type { EngineLog } from '../../../shared/replication/deps.ts';
import { engineQueue } from '../../../shared/replication/engine-queue.ts';
import { loadSettings } from '../../../shared/replication/load-settings.ts';
import type { OpenCycleDeps } from '../../../shared/replication/open-cycle.ts';
import { openDirectory } from '../../support/embedded.ts';
import { startProgram, type Program } from '../../support/program.ts';
import { startRedis } from '../../support/redis.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { waitFor } from '../../support/wait.ts';
import { addDocument, grantViews } from '../../integration/faults/library.ts';

const silent: EngineLog = { info: () => undefined, warning: () => undefined, error: () => undefined };

export interface Victim {
  readonly program: Program;
  readonly workerId: string;
  readonly database: TcpProxy;
  /** On PostgreSQL the queue is on the other line. */
  readonly redis: TcpProxy | null;
  end(): Promise<void>;
}

export interface Stage {
  readonly db: Db;
  readonly master: Simulator;
  /** `copy` is where units are interrupted; `other` has a run opened while lines are cut. */
  readonly copy: Simulator;
  readonly other: Simulator;
  readonly opening: OpenCycleDeps;
  readonly isRedis: boolean;
  startWorker(concurrency: number): Promise<Victim>;
  close(): Promise<void>;
}

export async function openStage(backend: 'redis' | 'postgres', documents: number): Promise<Stage> {
  const closers: (() => Promise<unknown>)[] = [];
  const directory = await openDirectory();
  closers.push(() => directory.remove());
  const server = await startEmbedded(directory.path, { settings: { max_connections: '300' } });
  closers.push(() => server.stop());
  await migrate(server.url, { queue: backend === 'postgres' });
  const database = openDatabase<Tables>(server.url);
  closers.push(() => database.close());
  const redis = backend === 'redis' ? await startRedis() : null;
  if (redis) closers.push(() => redis.close());
  const [master, copy, other] = [await simulator('v3'), await simulator('v3'), await simulator('v3')];
  for (const instance of [master, copy, other]) {
    closers.push(() => instance.stop());
    grantViews(instance);
  }
  for (let n = 0; n < documents; n += 1) addDocument(master);
  const key = formatFernetKey(randomBytes(32));
  await configure(database.db, key, { master, copy, other });
  const queue = await openQueueBackend({ databaseUrl: server.url, redisUrl: redis?.url, workers: 0 });
  closers.push(() => queue.close());
  const secrets = createSecretBox({ current: key, old: undefined });
  const addresses = { databaseUrl: server.url, redisUrl: redis?.url, key };
  return {
    db: database.db,
    master,
    copy,
    other,
    isRedis: redis !== null,
    opening: {
      db: database.db,
      queue: engineQueue(createProducer(queue)),
      log: silent,
      clock: systemClock,
      settings: () => loadSettings({ db: database.db, secrets }),
    },
    startWorker: (concurrency) => startWorker(addresses, concurrency),
    async close() {
      for (const close of closers.reverse()) await close();
    },
  };
}

async function configure(
  db: Db,
  key: string,
  { master, ...replicas }: Record<'master' | 'copy' | 'other', Simulator>,
): Promise<void> {
  const secrets = createSecretBox({ current: key, old: undefined });
  const rows = {
    master_url: master.url,
    master_token: secrets.seal(master.token),
    sync_interval_seconds: '86400',
    max_concurrent_requests: '32',
    max_replica_queue: '500',
    request_timeout_seconds: '600',
  };
  await putSettings(
    db,
    Object.entries(rows).map(([name, value]) => ({ key: name, value })),
  );
  for (const [name, { url, token }] of Object.entries(replicas))
    await insertReplica(db, { name, url, api_token: secrets.seal(token), library_proven: true });
  await db
    .updateTable('master_state')
    .set({ next_cycle_at: new Date(Date.now() + 86_400_000) })
    .execute();
}

async function startWorker(
  at: { databaseUrl: string; redisUrl: string | undefined; key: string },
  concurrency: number,
): Promise<Victim> {
  const database = await startTcpProxy(at.databaseUrl);
  const redis = at.redisUrl === undefined ? null : await startTcpProxy(at.redisUrl);
  const scratch = await mkdtemp(join(tmpdir(), 'pngx-takeover-'));
  const program = startProgram('services/worker/main.ts', {
    DATABASE_URL: database.through(at.databaseUrl),
    ...(redis === null || at.redisUrl === undefined ? {} : { REDIS_URL: redis.through(at.redisUrl) }),
    SECRET_KEY: at.key,
    DATA_DIR: scratch,
    SCRATCH_DIR: join(scratch, 'scratch'),
    WORKER_PORT: '0',
    WORKER_CONCURRENCY: String(concurrency),
  });
  const workerId = await waitFor(
    'a worker to work',
    () => {
      if (program.stderr().includes('pngx-controller:')) throw new Error('it did not start');
      return /"worker":"([0-9a-f-]{36})"[^\n]*"msg":"working"/.exec(program.stdout())?.[1];
    },
    90_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${program.stdout()}\n${program.stderr()}`);
  });
  return {
    program,
    workerId,
    database,
    redis,
    async end() {
      program.signal('SIGKILL');
      await program.ended;
      await database.close();
      await redis?.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}
