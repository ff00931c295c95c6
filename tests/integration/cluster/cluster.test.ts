/** The scaled-out topology on this machine: what `npm run cluster` starts, and what tests may do to it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, type Member, startCluster } from '../../../services/cluster/cluster.ts';
import { readOptions } from '../../../services/cluster/options.ts';
import { isAlive } from '../../../shared/db/embedded-process.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { endPrograms, startProgram } from '../../support/program.ts';
import { hasRedis } from '../../support/redis.ts';
import { type Simulator, simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';
import { fastFolder } from '../../support/fast-folder.ts';

const KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';

/** An answer as it came: the tests say what they expect of it. */
type Json = ReturnType<typeof JSON.parse>;

async function ask(url: string, method = 'GET', body?: object): Promise<{ status: number; body: Json }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, body: await response.json() };
}

describe.skipIf(!hasRedis)('two apis and two workers on PostgreSQL and Redis', () => {
  let cluster: Cluster;
  let master: Simulator;
  let attic: Simulator;
  const accidents: string[] = [];

  beforeAll(async () => {
    master = await simulator('v3', { docs: 24, seed: 'cluster' });
    attic = await simulator('v3', { ocrMs: 150 });
    cluster = await startCluster({
      api: 2,
      workers: 2,
      backend: 'redis',
      fast: true,
      environment: () => ({ MASTER_URL: master.url, MASTER_TOKEN: master.token }),
      onAccident: (name, end) => accidents.push(`${name} ${end}`),
    });
  }, 120_000);
  afterAll(async () => {
    await cluster?.close();
    await Promise.all([master, attic].map((one) => one?.stop()));
  }, 60_000);

  const api = (number: 1 | 2) => cluster.member(`api-${number}`).url;
  const count = async () => {
    const headers = { authorization: `Token ${attic.token}` };
    return ((await (await fetch(`${attic.url}/api/documents/`, { headers })).json()) as { count: number }).count;
  };

  it('are ready, each at an address of its own, on a Redis that keeps what it has and wants a password', async () => {
    expect(cluster.members.map(({ name }) => name)).toEqual([
      'postgres',
      'redis',
      'api-1',
      'api-2',
      'worker-1',
      'worker-2',
    ]);
    for (const { url } of [...cluster.apis, ...cluster.workers])
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const redis = new Redis(cluster.redisUrl ?? '');
    expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    expect(await redis.config('GET', 'appendonly')).toEqual(['appendonly', 'yes']);
    redis.disconnect();
    expect(await strangersPing(cluster.redisUrl ?? '')).toMatch(/^-NOAUTH /);
  });

  it('finish a sync although a worker is killed and both servers are restarted in the middle of it', async () => {
    expect((await ask(`${api(1)}/api/replicas`, 'POST', { name: 'attic', ...instance(attic) })).status).toBe(201);
    const { run_id: runId } = (await ask(`${api(2)}/api/sync`, 'POST')).body;
    await waitFor('some documents to arrive', async () => (await count()) >= 3);
    await cluster.member('worker-1').kill();
    expect(cluster.member('worker-1').pid).toBeNull();
    for (const name of ['redis', 'postgres']) {
      await cluster.member(name).kill();
      await cluster.member(name).start();
    }
    const run = await waitFor(
      'the run to end',
      async () => {
        const { status, body } = await ask(`${api(1)}/api/runs/${runId}`);
        return status === 200 && body.run.running === false ? body.run : null;
      },
      100_000,
    );
    expect(run.outcome).toBe('ok');
    expect(await count()).toBe(24);
    // What was asked for is no accident.
    expect(accidents).toEqual([]);
  }, 150_000);

  it('take a member back under its name and address', async () => {
    const worker = cluster.member('worker-1');
    await worker.start();
    expect((await fetch(`${worker.url}/readyz`)).status).toBe(200);
  });

  it('freeze and go on', async () => {
    const worker = cluster.member('worker-2');
    worker.freeze();
    const state = async () => (await readFile(`/proc/${worker.pid}/stat`, 'utf8')).split(') ')[1]?.[0];
    await waitFor('the process to stand still', async () => (await state()) === 'T');
    worker.resume();
    await waitFor('the process to go on', async () => (await fetch(`${worker.url}/healthz`)).status === 200);
  });

  it('tell of a member that died by itself, and leave nothing behind when they are closed', async () => {
    process.kill(cluster.member('api-2').pid ?? 0, 'SIGKILL');
    await waitFor('the accident to be told', () => accidents.includes('api-2 SIGKILL'));
    const pids = running(cluster.members);
    expect(pids).toHaveLength(5);
    await cluster.close();
    for (const pid of pids) expect(await isAlive(pid)).toBe(false);
    await expect(readFile(join(cluster.dir, 'secret.key'))).rejects.toThrow('ENOENT');
  }, 60_000);
});

describe('the command', () => {
  afterAll(() => endPrograms());

  it('uses the database it is given, keeps its directory, and takes everything with it when it is killed', async () => {
    const database = await createTestDatabase();
    const dir = await mkdtemp(join(fastFolder(), 'pngx-cluster-test-'));
    const program = startProgram('services/cluster/main.ts', { DATABASE_URL: database.url, SECRET_KEY: KEY }, [
      ...['--api', '1', '--workers', '1', '--backend', 'postgres', '--data-dir', dir],
    ]);
    await waitFor('everybody to be up', () => program.stdout().includes('Ctrl-C ends everything'), 60_000);
    expect(program.stdout()).not.toContain(new URL(database.url).password);
    const pids = [...program.stdout().matchAll(/(?:api|worker)-1 +pid (\d+)/g)].map((match) => Number(match[1]));
    expect(pids).toHaveLength(2);
    const sessions = new pg.Client(database.url);
    await sessions.connect();
    const found = await sessions.query("select 1 from workers where role = 'worker'");
    expect(found.rowCount).toBe(1);
    await sessions.end();
    program.signal('SIGKILL');
    await program.ended;
    for (const pid of pids) await waitFor(`process ${pid} to end`, async () => !(await isAlive(pid)), 30_000);
    await rm(dir, { recursive: true, force: true });
    await database.drop();
  }, 120_000);

  it('refuses a database without the key that belongs to it', async () => {
    const program = startProgram('services/cluster/main.ts', { DATABASE_URL: 'postgres://somebody@127.0.0.1:1/pngx' });
    expect(await program.ended).toBe(64);
    expect(program.stderr()).toContain('DATABASE_URL is set but SECRET_KEY is not');
  });

  it.each([
    ['a number that is none', ['--workers', 'many']],
    ['a backend that does not exist', ['--backend', 'sqlite']],
    ['an option that does not exist', ['--worker', '3']],
    ['a demo that nobody could be told of', ['--api', '0', '--demo']],
  ])('does not start with %s', (_what, args) => {
    expect(readOptions(args)).toBeNull();
  });
});

/** What the server answers somebody who does not know the password. */
async function strangersPing(url: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.end('PING\r\n');
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

function instance({ url, token }: Simulator): object {
  return { url, api_token: token };
}

function running(members: readonly Member[]): number[] {
  return members.flatMap(({ pid }) => (pid === null ? [] : [pid]));
}
