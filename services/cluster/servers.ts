/** The two servers that a cluster stands on, as real ones: with a password, durable, and dying as they do elsewhere. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { openBareServer } from '../../shared/db/embedded.ts';
import { freePort } from '../../shared/db/embedded-process.ts';
import { type Member, ProcessMember, type ProcessPlan } from './member.ts';

export interface ServerPlace {
  /** Of the whole cluster. */
  readonly dir: string;
  readonly logFile: string;
  readonly pidFile: string;
}

/** PostgreSQL gives each connection a process; the sum of what all members may open, and some for people. */
export async function postgresMember(place: ServerPlace, connections: number, fast: boolean): Promise<Member> {
  const server = await openBareServer(place.dir, await freePort(), {
    max_connections: String(connections),
    ...(fast ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
  });
  const signal = async (name: NodeJS.Signals) => {
    // A frozen postmaster takes no new sessions, but those that are open go on: they are processes of their own.
    for (const pid of server.pid === null ? [] : [server.pid, ...(await childrenOf(server.pid))])
      try {
        process.kill(pid, name);
      } catch (error) {
        // A session may end at any moment.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
  };
  return {
    name: 'postgres',
    kind: 'postgres',
    url: server.url,
    get pid() {
      return server.pid;
    },
    logFile: join(place.dir, 'postgres', 'server.log'),
    start: async () => {
      await server.start();
      await writeFile(place.pidFile, `${server.pid}\n`);
    },
    kill: async () => {
      await server.kill();
      await rm(place.pidFile, { force: true });
    },
    freeze: () => void signal('SIGSTOP'),
    resume: () => void signal('SIGCONT'),
    stop: async () => {
      if (server.pid === null) return null;
      await signal('SIGCONT');
      await server.stop();
      await rm(place.pidFile, { force: true });
      return 0;
    },
  };
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.trim() === '' ? [] : text.trim().split(' ').map(Number);
}

type RedisPlan = Pick<ProcessPlan, 'onAccident'>;

/** Password, append-only file and no eviction, as docker-compose.yml has it. */
export async function redisMember(place: ServerPlace, { onAccident }: RedisPlan): Promise<Member> {
  const dir = join(place.dir, 'redis');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const password = randomBytes(24).toString('hex');
  const port = await freePort();
  const config = join(dir, 'redis.conf');
  // In a file, because everybody on the machine can read a command line.
  await writeFile(
    config,
    [
      'bind 127.0.0.1',
      `port ${port}`,
      `requirepass ${password}`,
      `dir ${dir}`,
      'appendonly yes',
      'appendfsync everysec',
      'maxmemory 512mb',
      'maxmemory-policy noeviction',
      '',
    ].join('\n'),
    { mode: 0o600 },
  );
  const url = `redis://:${password}@127.0.0.1:${port}`;
  return new ProcessMember({
    name: 'redis',
    kind: 'redis',
    url,
    command: 'redis-server',
    args: [config],
    cwd: dir,
    environment: () => ({ PATH: '/usr/local/bin:/usr/bin:/bin' }),
    logFile: place.logFile,
    pidFile: place.pidFile,
    ready: () => answersPing(url),
    onAccident,
  });
}

async function answersPing(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return (await redis.ping()) === 'PONG';
  } finally {
    redis.disconnect();
  }
}
