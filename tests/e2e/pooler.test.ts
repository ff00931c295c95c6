/**
 * The API and a worker as processes of their own, as the role that changes no schema, behind a pgbouncer in transaction
 * mode: what needs a session goes to DATABASE_DIRECT_URL, and a set-up that cannot work is refused at the start.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../services/simulator/index.ts';
import { assertSessions, sharesSessions } from '../../shared/db/session.ts';
import { QUEUES } from '../../shared/queue/catalog.ts';
import { formatFernetKey } from '../../shared/kernel/fernet.ts';
import { hasPgbouncer, type Pooler, startPgbouncer } from '../support/pgbouncer.ts';
import { createEmptyDatabase } from '../support/postgres.ts';
import { endPrograms, type Program, startProgram } from '../support/program.ts';
import { hasRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';
import { fastFolder } from '../support/fast-folder.ts';

type Json = ReturnType<typeof JSON.parse>;
type Queue = 'postgres' | 'redis';

/** Fewer sessions than the processes have connections, and room for hardly more clients than they open. */
const POOL_SIZE = 3;
const MAX_CLIENTS = 36;
const LIMIT = 2;

const key = formatFernetKey(randomBytes(32));
let dir: string;
let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
let pooler: Pooler;
let inSessionMode: Pooler;
let admin: pg.Client;
let master: Simulator;

beforeAll(async () => {
  dir = await mkdtemp(join(fastFolder(), 'pngx-test-pooler-'));
  database = await createEmptyDatabase();
  admin = new pg.Client(database.adminUrl);
  await admin.connect();
  master = await startSimulator({ profile: 'v3', token: 'm'.repeat(40), docs: 10, seed: 'pooler' });
  if (!hasPgbouncer) return;
  pooler = await startPgbouncer([database.url], { mode: 'transaction', poolSize: POOL_SIZE, maxClients: MAX_CLIENTS });
  inSessionMode = await startPgbouncer([database.url], { mode: 'session' });
});
afterAll(async () => {
  await endPrograms();
  if (hasPgbouncer) for (const each of [pooler, inSessionMode]) await each.close();
  await master.stop();
  await admin.end();
  await database.drop();
  await rm(dir, { recursive: true, force: true });
}, 60_000);

const start = (service: 'api' | 'worker' | 'standalone', env: Record<string, string>): Program =>
  startProgram(`services/${service}/main.ts`, {
    SECRET_KEY: key,
    DATA_DIR: join(dir, service),
    PORT: '0',
    WORKER_PORT: '0',
    ...env,
  });

async function ask(url: string, method = 'GET', body?: object): Promise<Json> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  expect(response.status, `${method} ${url}`).toBeLessThan(300);
  return response.status === 204 ? null : response.json();
}

async function stop(program: Program): Promise<void> {
  program.signal('SIGTERM');
  expect(await program.ended, program.stderr()).toBe(0);
}

interface Session {
  readonly what: string;
  readonly count: number;
}

/** Sessions of the processes on the server by what they are for, without the id of the process in their names. */
async function sessions(): Promise<Record<string, number>> {
  const { rows } = await admin.query<Session>(
    `select split_part(application_name, ' ', 2) as what, count(*)::int as count from pg_stat_activity
      where datname = current_database() and application_name like 'pngx-controller %' group by 1`,
  );
  return Object.fromEntries(rows.map(({ what, count }) => [what, count]));
}

describe('a process with the role that changes no schema', () => {
  it('ends with a word about "migrate" while the schema is missing', async () => {
    const worker = start('worker', { DATABASE_URL: database.url });
    expect(await worker.ended).toBe(67);
    expect(worker.stderr()).toMatch(/This role may not change the schema: run "pngx-controller migrate"/);
  });

  it('brings the schema up to date by itself where MIGRATION_DATABASE_URL is set, and works as the lesser role', async () => {
    const api = start('api', { DATABASE_URL: database.url, MIGRATION_DATABASE_URL: database.ownerUrl });
    expect(await ask(`${await api.url()}/healthz`)).toMatchObject({ status: 'ok' });
    const { rows } = await admin.query<{ role: string }>(
      `select distinct usename as role from pg_stat_activity where application_name like 'pngx-controller api%'
        and datname = current_database()`,
    );
    expect(rows).toEqual([{ role: 'pngx_runtime' }]);
    await stop(api);
  });
});

describe.skipIf(!hasPgbouncer)('behind a pooler that lends sessions out by the transaction', () => {
  it('a start without DATABASE_DIRECT_URL is refused in words', async () => {
    const worker = start('worker', { DATABASE_URL: pooler.through(database.url) });
    expect(await worker.ended).toBe(64);
    expect(worker.stderr()).toMatch(/DATABASE_URL leads through a transaction pooler/);
    expect(worker.stderr()).toMatch(/Set DATABASE_DIRECT_URL/);
    expect(worker.stderr()).not.toMatch(/password|\n\s+at /);
  });

  it('so is a DATABASE_DIRECT_URL that is not direct; a pooler in session mode will do', async () => {
    await expect(assertSessions(pooler.through(database.url), 'DATABASE_DIRECT_URL')).rejects.toMatchObject({
      code: 'database_pooled',
      message: expect.stringMatching(/^DATABASE_DIRECT_URL leads/) as string,
    });
    expect(await sharesSessions(inSessionMode.through(database.url))).toBe(false);
    expect(await sharesSessions(database.url)).toBe(false);
  });

  for (const queue of ['redis', 'postgres'] as const)
    describe.skipIf(queue === 'redis' && !hasRedis)(`queue on ${queue}`, () => works(queue));
});

function works(queue: Queue): void {
  let redis: TestRedis | undefined;
  let attic: Simulator;
  let programs: Program[] = [];

  beforeAll(async () => {
    if (queue === 'redis') redis = await startRedis();
    attic = await startSimulator({ profile: 'v3', token: 'r'.repeat(40), seed: `pooler replica ${queue}` });
  });
  afterAll(async () => {
    for (const program of programs) await stop(program);
    await attic.stop();
    await redis?.close();
  }, 60_000);

  it('a cycle carries the library over; locks and LISTEN stand on sessions of their own', async () => {
    const env = {
      DATABASE_URL: pooler.through(database.url),
      DATABASE_DIRECT_URL: database.url,
      MIGRATION_DATABASE_URL: database.ownerUrl,
      ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
    };
    programs = [start('api', env), start('worker', env)];
    const url = await programs[0]!.url();
    await ask(`${url}/api/settings`, 'PUT', {
      master_url: master.url,
      master_token: master.token,
      max_concurrent_requests: LIMIT,
    });
    const { replica } = await ask(`${url}/api/replicas`, 'POST', {
      name: `attic ${queue}`,
      url: attic.url,
      api_token: attic.token,
    });
    attic.setFault('slow', { value: 20 });
    const { run_id: runId } = await ask(`${url}/api/sync`, 'POST');
    const most: Record<string, number> = {};
    let slots = 0;
    const { run } = await waitFor(
      'the run to end',
      async () => {
        const { api = 0, worker = 0, ...others } = await sessions();
        for (const [what, count] of Object.entries({ pooled: api + worker, ...others }))
          most[what] = Math.max(most[what] ?? 0, count);
        slots = Math.max(slots, await heldSlots());
        const found = await ask(`${url}/api/runs/${runId}`);
        return found.run.running ? null : found;
      },
      120_000,
    );
    expect(run).toMatchObject({ outcome: 'ok', error_msg: null });
    expect(attic.store.documents.size).toBe(10);
    expect(slots).toBeGreaterThan(0);
    expect(attic.counters().maxOpen).toBeLessThanOrEqual(LIMIT);
    // Both processes' queries share what the pooler has; everything else has sessions of its own.
    expect(most['pooled']).toBeLessThanOrEqual(POOL_SIZE);
    expect(most['pooled']).toBeGreaterThan(0);
    const [api, worker] = [await documented('api'), await documented('worker')];
    expect(most['listener']).toBe(api.listen + worker.listen);
    expect(most['slots']).toBeLessThanOrEqual(api.slots + worker.slots);
    const ofQueue = queue === 'postgres' ? api.queue + worker.queue : 0;
    expect(most['queue'] ?? 0).toBeLessThanOrEqual(ofQueue);
    // Each of the worker's queues waits for news on a session of its own.
    expect(most['queue'] ?? 0).toBeGreaterThanOrEqual(queue === 'postgres' ? QUEUES.length : 0);
    const clients = await pooler.clients();
    expect(clients['worker']).toBeGreaterThan(0);
    expect(clients['api']).toBeLessThanOrEqual(api.queries);
    expect(clients['worker']).toBeLessThanOrEqual(worker.queries);
    // Its rows go with it, though the role may delete neither links nor tombstones.
    await ask(`${url}/api/replicas/${replica.id}`, 'DELETE');
    expect((await admin.query('select from sync_map')).rowCount).toBe(0);
  }, 150_000);
}

interface Connections {
  readonly queries: number;
  readonly slots: number;
  readonly listen: number;
  readonly queue: number;
}

/** The row of a process in the table of docs/operations.md. */
async function documented(process: 'api' | 'worker'): Promise<Connections> {
  const text = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const row = new RegExp(`^\\| \`${process}\` \\| (\\d+) \\| (\\d+) \\| (\\d+) \\| (\\d+) \\|`, 'm').exec(text);
  const [queries = NaN, slots = NaN, listen = NaN, queue = NaN] = (row ?? []).slice(1).map(Number);
  return { queries, slots, listen, queue };
}

/** Advisory locks of request slots, held by the sessions that are kept for them. */
async function heldSlots(): Promise<number> {
  const { rows } = await admin.query<{ count: number }>(
    `select count(*)::int as count from pg_locks join pg_stat_activity using (pid)
      where locktype = 'advisory' and classid = ${0x70_6e_67_73} and datname = current_database()
        and application_name like 'pngx-controller slots%'`,
  );
  return rows[0]?.count ?? 0;
}
