/** `npm start` as a person or a supervisor sees it: a child process, its directory, its address, its exit code. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startSimulator, type Simulator } from '../../services/simulator/index.ts';
import { startCollector, type Collector } from '../support/trace-collector.ts';
import { endPrograms, startProgram, type Program } from '../support/program.ts';
import { waitFor } from '../support/wait.ts';
import { fastFolder } from '../support/fast-folder.ts';

const STANDALONE = 'services/standalone/main.ts';
const OTHER_KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(fastFolder(), 'pngx-standalone-'));
  // As root the embedded server runs under another identity, which has to be able to enter.
  await chmod(root, 0o755);
});
afterAll(async () => {
  await endPrograms();
  await rm(root, { recursive: true, force: true });
}, 60_000);

const start = (env: Record<string, string> = {}) =>
  startProgram(STANDALONE, { DATA_DIR: join(root, 'data'), PORT: '0', ...env });

/** An answer as it came: the tests say what they expect of it. */
type Json = ReturnType<typeof JSON.parse>;

async function ask(url: string, method = 'GET', body?: object): Promise<{ status: number; body: Json }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, body: await response.json() };
}

async function stop(program: Program): Promise<{ code: number | NodeJS.Signals; seconds: number }> {
  const began = performance.now();
  program.signal('SIGTERM');
  const code = await program.ended;
  return { code, seconds: (performance.now() - began) / 1000 };
}

/** The fault lines, each with its indented hint. */
const faults = (program: Program) =>
  program
    .stderr()
    .split('\n')
    .filter((line) => line.startsWith('pngx-controller:'));

async function postmaster(): Promise<string> {
  const [pid = ''] = (await readFile(join(root, 'data/postgres/data/postmaster.pid'), 'utf8')).split('\n');
  return pid;
}

async function documentCount(simulator: Simulator): Promise<number> {
  const headers = { authorization: `Token ${simulator.token}` };
  const response = await fetch(`${simulator.url}/api/documents/`, { headers });
  return ((await response.json()) as { count: number }).count;
}

/** One life of one directory: each test goes on where the one before stopped, since every start costs seconds. */
describe('the standalone program', () => {
  let master: Simulator;
  let attic: Simulator;
  let slow: Simulator;
  let program: Program;
  let url: string;
  let interrupted: number;
  let collector: Collector;

  beforeAll(async () => {
    collector = await startCollector();
    master = await startSimulator({ profile: 'v3', token: 'm'.repeat(40), docs: 12, seed: 'e2e master' });
    attic = await startSimulator({ profile: 'v3', token: 'r'.repeat(40), seed: 'e2e replica' });
    slow = await startSimulator({ profile: 'v3', token: 's'.repeat(40), seed: 'e2e slow', ocrMs: 1500 });
  });
  afterAll(() => Promise.all([collector.stop(), ...[master, attic, slow].map((simulator) => simulator.stop())]));

  const runEnd = (runId: number) =>
    waitFor(
      `run ${runId} to end`,
      async () => {
        const found = (await ask(`${url}/api/runs/${runId}`)).body;
        return found.run.running ? null : found;
      },
      90_000,
    );

  it('starts on an empty directory, makes a key of its own and says where it listens', async () => {
    program = start({
      ...{ MASTER_URL: master.url, MASTER_TOKEN: master.token },
      ...{ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, LOG_FILE: join(root, 'pngx.log') },
    });
    url = await program.url();
    expect((await ask(`${url}/healthz`)).body).toEqual({ status: 'ok', db: 'ok', queue: 'ok' });
    expect((await ask(`${url}/readyz`)).status).toBe(200);
    const key = await stat(join(root, 'data/secret.key'));
    expect(key.mode & 0o777).toBe(0o600);
    await waitFor('the words about the key', () => program.stdout().includes('A new SECRET_KEY was written to'));
    expect(program.stdout()).not.toContain((await readFile(join(root, 'data/secret.key'), 'utf8')).trim());
  }, 90_000);

  it('lets a second controller on the same directory fail by name, and goes on itself', async () => {
    const second = start();
    expect(await second.ended).toBe(68);
    expect(faults(second)).toEqual([expect.stringContaining(`process ${program.pid}`)]);
    expect((await ask(`${url}/healthz`)).status).toBe(200);
  });

  it('carries the library of the master named in its environment to a replica, and reports it', async () => {
    const added = await ask(`${url}/api/replicas`, 'POST', { name: 'attic', url: attic.url, api_token: attic.token });
    expect(added.status).toBe(201);
    const { body } = await ask(`${url}/api/sync`, 'POST');
    const { run, replicas } = await runEnd(body.run_id);
    expect(run.outcome).toBe('ok');
    expect(replicas).toEqual([expect.objectContaining({ replica: 'attic', docs_synced: 12, docs_failed: 0 })]);
    expect(await documentCount(attic)).toBe(12);
    const status = (await ask(`${url}/api/status`)).body.replicas[0];
    expect(status).toMatchObject({
      status: 'synced',
      // Every copy was read back whole, file and fields, a moment ago.
      state: 'verified',
      documents: { total: 12, ok: 12, waiting: 0 },
    });
  }, 120_000);

  it('offers the six series of the reference to Prometheus', async () => {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('pngx_sync_docs_total{replica="attic",status="ok"} 12');
    expect(metrics).toMatch(/pngx_sync_duration_seconds_count\{triggered_by="manual"\} 1/);
    expect(metrics).toMatch(/pngx_replica_lag_seconds\{replica="attic"\} \d/);
    expect(metrics).toContain('pngx_replica_pending_tasks{replica="attic"} 0');
    expect(metrics).toContain('pngx_replica_consecutive_failures{replica="attic"} 0');
    expect(metrics).toContain('pngx_sync_running 0');
  });

  it('sends its traces to the collector: each job, and as its children its requests, without ids, queries or tokens', async () => {
    const named = (name: string) => collector.spans().filter((span) => span.name === name);
    await waitFor('the spans of the sync', () => named('replica').length > 0 && named('document').length >= 12, 30_000);
    const looks = named('document').filter((span) => span.attributes['pngx.document'] === 'ok');
    expect(new Set(looks.map((span) => span.attributes['pngx.doc_id'])).size).toBe(12);
    expect(looks[0]?.attributes).toMatchObject({ 'pngx.replica': 'attic', 'pngx.outcome': 'done' });
    expect(named('cycle').map((span) => span.attributes['pngx.run_id'])).toContain(
      named('replica')[0]?.attributes['pngx.cycle_id'],
    );
    const uploads = named('POST /api/documents/post_document/');
    expect(uploads).toHaveLength(12);
    for (const upload of uploads) {
      const parent = collector.spans().find((span) => span.spanId === upload.parentSpanId);
      expect(parent).toMatchObject({ name: 'document', traceId: upload.traceId });
      expect(upload.attributes).toMatchObject({ 'pngx.peer': 'attic', 'http.response.status_code': 200 });
    }
    expect(new Set(uploads.map((upload) => upload.parentSpanId)).size).toBe(12);
    expect(collector.text()).not.toMatch(/\?|m{40}|r{40}|127\.0\.0\.1/);
  });

  it('writes the lines of standard output to LOG_FILE as well, one wide line a job', async () => {
    const lines = (await readFile(join(root, 'pngx.log'), 'utf8')).trim().split('\n');
    const jobs = lines.map((line): Json => JSON.parse(line)).filter((line) => line.event === 'job');
    const uploads = jobs.filter((line) => line.job === 'document' && line.document === 'ok');
    expect(new Set(uploads.map((line) => line.doc_id)).size).toBe(12);
    expect(uploads[0]).toMatchObject({
      ...{ ts: expect.any(String), level: 'info', outcome: 'done', replica: 'attic', attempt: 1 },
      ...{ run_id: expect.any(Number), link_id: expect.any(Number), ms: expect.any(Number) },
      ...{ waited_ms: expect.any(Number), requests: expect.any(Number), requests_ms: expect.any(Number) },
    });
    for (const line of lines.slice(0, 20)) expect(program.stdout()).toContain(line);
    // The table is for people: what was said, without the wide lines.
    const { logs } = (await ask(`${url}/api/logs?limit=200`)).body;
    expect(logs.map((row: Json) => row.message).join()).not.toMatch(/^Job |GET \//);
  });

  it('starts its database server again when that dies, and stays up itself', async () => {
    process.kill(Number(await postmaster()), 'SIGQUIT');
    await waitFor(
      'the server to be started again',
      () => program.stdout().includes('The embedded PostgreSQL runs again.'),
      60_000,
    );
    await waitFor('the controller to be healthy', async () => (await ask(`${url}/healthz`)).status === 200, 60_000);
    expect((await ask(`${url}/api/replicas`)).body.replicas).toHaveLength(1);
  }, 90_000);

  it('stops in the middle of a sync with 0 within 25 s, and has shown no token', async () => {
    await ask(`${url}/api/replicas`, 'POST', { name: 'slow', url: slow.url, api_token: slow.token });
    interrupted = (await ask(`${url}/api/sync`, 'POST')).body.run_id;
    await waitFor('some documents to be done', async () => (await documentCount(slow)) >= 2, 60_000);
    const { code, seconds } = await stop(program);
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(25);
    expect(program.stdout() + program.stderr()).not.toMatch(/m{40}|r{40}|s{40}|gAAAAA/);
    expect(program.stderr()).toBe('');
  }, 120_000);

  it('goes on with the interrupted run at the next start: no document twice', async () => {
    program = start();
    url = await program.url();
    expect((await runEnd(interrupted)).run.outcome).toBe('ok');
    expect(await documentCount(slow)).toBe(12);
    expect(await documentCount(attic)).toBe(12);
  }, 150_000);

  it('takes over its database after kill -9, with everything that was saved', async () => {
    await ask(`${url}/api/settings`, 'PUT', { max_attempts: 7 });
    const before = await postmaster();
    program.signal('SIGKILL');
    expect(await program.ended).toBe('SIGKILL');
    program = start();
    url = await program.url();
    expect(program.stdout()).toContain('Took over the PostgreSQL server');
    expect(await postmaster()).toBe(before);
    expect((await ask(`${url}/api/settings`)).body.settings.max_attempts.value).toBe(7);
    expect((await stop(program)).code).toBe(0);
    await expect(postmaster()).rejects.toThrow('ENOENT');
  }, 120_000);

  it('refuses a port that is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const refused = start({ PORT: String(port) });
    expect(await refused.ended).toBe(69);
    other.close();
    expect(faults(refused)).toEqual([`pngx-controller: Port ${port} on 127.0.0.1 is in use by another program.`]);
  });

  it('refuses another SECRET_KEY than its database was written with, and none beside existing data', async () => {
    const wrong = start({ SECRET_KEY: OTHER_KEY });
    expect(await wrong.ended).toBe(64);
    expect(faults(wrong)).toEqual([
      expect.stringContaining('SECRET_KEY is not the key that this database was written with'),
    ]);
    await rm(join(root, 'data/secret.key'));
    const none = start();
    expect(await none.ended).toBe(64);
    expect(faults(none)).toEqual([expect.stringContaining('SECRET_KEY is missing')]);
  });
});

describe('a start that cannot work ends with a clear line a fault and its own exit code', () => {
  beforeAll(() => writeFile(join(root, 'a-file'), ''));

  const wrongPassword = () => {
    const url = new URL(inject('postgresUrl'));
    url.password = 'not-the-password';
    return url.href;
  };

  it.each([
    ['a SECRET_KEY that is no Fernet key', () => ({ SECRET_KEY: 'hunter2' }), 64, /SECRET_KEY is not a Fernet key/],
    ['DATABASE_URL without a SECRET_KEY', () => ({ DATABASE_URL: inject('postgresUrl') }), 64, /SECRET_KEY is missing/],
    [
      'a data directory that cannot be written',
      () => ({ DATA_DIR: join(root, 'a-file', 'data') }),
      68,
      /DATA_DIR .* is not writable/,
    ],
    [
      'a database that refuses the password',
      () => ({ DATABASE_URL: wrongPassword(), SECRET_KEY: OTHER_KEY }),
      65,
      /refused the connection/,
    ],
  ] as const)('%s', async (_what, env, code, line) => {
    const program = start({ DATA_DIR: join(root, 'faults'), ...env() });
    expect(await program.ended).toBe(code);
    expect(faults(program)).toEqual([expect.stringMatching(line)]);
    expect(program.stderr()).not.toMatch(/\n\s+at |hunter2|not-the-password/);
  });

  it('every fault of the environment at once', async () => {
    const program = start({
      DATABASE_URL: 'sqlite:////data/db.sqlite3',
      HOST: '0.0.0.0',
      PORT: 'eighty',
      MASTER_TOKN: 'x',
    });
    expect(await program.ended).toBe(64);
    expect(faults(program).sort()).toEqual([
      expect.stringMatching(/SQLite/),
      expect.stringMatching(/HOST 0\.0\.0\.0 can be reached from a network/),
      expect.stringMatching(/Did you mean MASTER_TOKEN/),
      expect.stringMatching(/PORT must be a whole number/),
    ]);
  });
});
