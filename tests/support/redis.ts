import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../shared/db/embedded-process.ts';
import { delay } from '../../shared/kernel/clock.ts';
import { afterOurEnd } from './watchdog.ts';
import { fastFolder } from './fast-folder.ts';

export interface TestRedis {
  readonly url: string;
  /** Removes everything, as an operator's FLUSHALL would. */
  flush(): Promise<void>;
  /** kill -9 and a new server on the same port with nothing in it, or `stop`ped until `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** `npm run setup:test` installs it; without it the tests on Redis are skipped by name. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

async function waitUntilReady(url: string): Promise<void> {
  const redis = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: 500 });
  redis.on('error', () => undefined);
  try {
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}

function exited(child: ChildProcess): Promise<unknown> {
  return child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', resolve));
}

/** A server of its own on a free port, in memory and with a limit to it. */
export async function startRedis(): Promise<TestRedis> {
  const dir = await mkdtemp(join(fastFolder(), 'pngx-test-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const args = [
    '--pidfile',
    join(dir, 'pid'),
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--save',
    '',
    '--appendonly',
    'no',
    '--maxmemory',
    '256mb',
    '--maxmemory-policy',
    'noeviction',
  ];
  let child: ChildProcess | undefined;
  const stop = async () => {
    child?.kill('SIGKILL');
    if (child !== undefined) await exited(child);
    child = undefined;
    await rm(join(dir, 'pid'), { force: true });
  };
  const start = async () => {
    child = spawn('redis-server', args, { stdio: 'ignore' });
    await waitUntilReady(url);
    // A port that somebody else took meanwhile would answer too; ours has to be the one that runs.
    await delay(0);
    if (child.exitCode !== null) throw new Error('redis-server ended at once');
  };
  afterOurEnd('[ -e "$1/pid" ] && kill -9 "$(cat "$1/pid")"; rm -rf "$1"', dir);
  await start();
  return {
    url,
    stop,
    start,
    flush: async () => {
      const redis = new Redis(url);
      await redis.flushall();
      redis.disconnect();
    },
    close: async () => {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
