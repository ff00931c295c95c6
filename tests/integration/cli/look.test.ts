/** Commands that look at what is there and decide about single things: at parity with the API, for people and for programs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { COMMANDS } from '../../../services/cli/commands.ts';
import { startSimulator, type Simulator } from '../../../services/simulator/index.ts';
import { createSecretBox } from '../../../shared/config/secret-key.ts';
import { insertReplica } from '../../../shared/db/replicas.repo.ts';
import { putSettings } from '../../../shared/db/settings.repo.ts';
import { takeHint } from '../../../shared/db/webhook-events.repo.ts';
import { ask } from '../../support/paperless-calls.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { endPrograms, startProgram } from '../../support/program.ts';
import { fastFolder } from '../../support/fast-folder.ts';

// Each command is a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

const KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
const TOKEN = 't'.repeat(40);
let dir: string;
let database: TestDatabase;
let master: Simulator;
let simulator: Simulator;
let attic: number;

beforeAll(async () => {
  dir = await mkdtemp(join(fastFolder(), 'pngx-cli-look-'));
  database = await createTestDatabase();
  master = await startSimulator({ profile: 'v3', token: TOKEN, docs: 2, seed: 'cli look master' });
  simulator = await startSimulator({ profile: 'v2', token: TOKEN, seed: 'cli look replica', trashDelay: 1 });
  const secrets = createSecretBox({ current: KEY, old: undefined });
  await putSettings(database.db, [
    { key: 'master_url', value: master.url },
    { key: 'master_token', value: secrets.seal(TOKEN) },
  ]);
  const row = { name: 'attic', url: simulator.url, api_token: secrets.seal(TOKEN) };
  attic = (await insertReplica(database.db, row))?.id ?? 0;
});
afterAll(async () => {
  await endPrograms();
  await Promise.all([master?.stop(), simulator?.stop()]);
  await database?.drop();
  await rm(dir, { recursive: true, force: true });
});

async function pngx(args: readonly string[], env: Record<string, string> = {}) {
  const all = { DATA_DIR: join(dir, 'data'), SECRET_KEY: KEY, DATABASE_URL: database.url, ...env };
  const program = startProgram('services/cli/main.ts', all, args);
  return { code: await program.ended, stdout: program.stdout(), stderr: program.stderr() };
}

const link = (id: number, more: object = {}) => ({
  ...{ replica_id: attic, master_doc_id: id, replica_doc_id: id + 10, status: 'ok' as const, phase: 'ok' },
  ...{ dirty_seq: 0, applied_seq: 0, dirty_since: null },
  ...more,
});
async function library(): Promise<void> {
  await database.owner.deleteFrom('sync_map').execute();
  const failed = { status: 'error', error_code: 'values_refused', error_msg: 'The replica refused a value.' };
  await database.db
    .insertInto('sync_map')
    .values([link(1), link(2, { ...failed, phase: 'dlq' }), link(3, { ...failed, phase: 'failed' })] as never)
    .execute();
}
const dueIds = async () => {
  const rows = await database.db
    .selectFrom('sync_map')
    .select('master_doc_id')
    .whereRef('dirty_seq', '<>', 'applied_seq')
    .orderBy('master_doc_id')
    .execute();
  return rows.map((row) => row.master_doc_id);
};

describe('fidelity', () => {
  it('says for a pair of versions what becomes of each field, without any database', async () => {
    const nowhere = { DATABASE_URL: 'postgres://127.0.0.1:9/none' };
    const words = await pngx(['fidelity', '--master', 'v3', '--replica', 'v2'], nowhere);
    const json = await pngx(['fidelity', '--json'], nowhere);
    expect([words.code, json.code]).toEqual([0, 0]);
    expect(words.stdout).toMatch(/^v3 -> v2\n/);
    expect(words.stdout).toMatch(/ {2}versions +not replicable +2\.20 keeps one file/);
    expect(JSON.parse(json.stdout).pairs).toHaveLength(4);
  });
});

describe('openapi', () => {
  it('prints the description of the API, without any database', async () => {
    const printed = await pngx(['openapi'], { DATABASE_URL: 'postgres://127.0.0.1:9/none' });
    expect(printed.code).toBe(0);
    const { openapi, paths } = JSON.parse(printed.stdout);
    expect([openapi, Object.keys(paths)]).toEqual(['3.1.0', expect.arrayContaining(['/api/sync', '/healthz'])]);
  });
});

describe('documents', () => {
  it('lists those of a replica with what is said of them, and can filter', async () => {
    await library();
    const table = await pngx(['documents', '--replica', 'attic', '--code', 'values_refused']);
    const json = await pngx(['documents', '--replica', 'attic', '--phase', 'dlq', '--json']);
    expect([table.code, json.code]).toEqual([0, 0]);
    expect(table.stdout).toMatch(/^master +copy +phase +what is said\n2 +12 +dlq +values_refused: The replica refused/);
    expect(table.stdout).not.toMatch(/^1 /m);
    expect(JSON.parse(json.stdout).documents).toEqual([expect.objectContaining({ master_doc_id: 2 })]);
  });

  it('tells all about one document', async () => {
    await library();
    const words = await pngx(['documents', '--document', '2']);
    const none = await pngx(['documents', '--document', '99']);
    expect(words.stdout).toContain('attic: dlq, copy #12');
    expect(words.stdout).toContain('values_refused: The replica refused a value.');
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('No replica knows')]);
  });

  it.each([
    ['documents'],
    ['documents', '--replica', 'attic', '--status', 'lost'],
    ['documents', '--document', 'first'],
    ['retry', '--document', '1'],
    ['conflicts', '--resolve', '1'],
    ['conflicts', '--resolve', '1', '--keep', 'both'],
    ['fidelity', '--master', 'v1'],
    ['sync', '--dry-run', '--wait'],
  ])('refuses what does not fit together (%s %s %s %s %s)', async (name, ...args) => {
    const command = COMMANDS.find((one) => one.name === name);
    await expect(command?.run(args)).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('retry', () => {
  it('makes one document due, and ends with 1 for one that is not there', async () => {
    await library();
    const one = await pngx(['retry', '--replica', 'attic', '--document', '1']);
    expect([one.code, one.stdout]).toEqual([0, '1 due again.\n']);
    expect(await dueIds()).toEqual([1]);
    const none = await pngx(['retry', '--replica', 'attic', '--document', '99']);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('knows no document')]);
  });

  it('makes all that failed due, and starts a cycle where that is asked for', async () => {
    await library();
    const now = await pngx(['retry', '--now', '--json']);
    const { retried, run_id: runId } = JSON.parse(now.stdout);
    expect(retried).toBe(2);
    expect(await dueIds()).toEqual([2, 3]);
    const run = await database.db.selectFrom('sync_runs').selectAll().where('id', '=', runId).executeTakeFirst();
    expect(run).toMatchObject({ kind: 'cycle', triggered_by: 'cli' });
    await database.db.updateTable('sync_runs').set({ finished_at: new Date(), outcome: 'ok' }).execute();
  });
});

describe('conflicts', () => {
  it('are listed with both values, and decided once', async () => {
    await library();
    const { id: linkId } = await database.db
      .selectFrom('sync_map')
      .select('id')
      .where('master_doc_id', '=', 1)
      .executeTakeFirstOrThrow();
    const shown = JSON.stringify({ master: 'here', replica: 'there' });
    const { id } = await database.db
      .insertInto('conflicts')
      .values({ replica_id: attic, link_id: linkId, master_doc_id: 1, field: 'title', shown })
      .returning('id')
      .executeTakeFirstOrThrow();
    const list = await pngx(['conflicts']);
    expect(list.stdout).toMatch(new RegExp(`${id} +attic +#1 +title +open +\\{"master":"here","replica":"there"\\}`));
    const decided = await pngx(['conflicts', '--resolve', String(id), '--keep', 'replica', '--json']);
    expect(JSON.parse(decided.stdout).conflict).toMatchObject({ id, state: 'keep_replica' });
    expect(await dueIds()).toEqual([1]);
    const open = await pngx(['conflicts', '--replica', 'attic', '--json']);
    expect(JSON.parse(open.stdout)).toEqual({ conflicts: [] });
    const none = await pngx(['conflicts', '--resolve', '999999', '--keep', 'master']);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('There is no conflict 999999')]);
  });
});

describe('webhook', () => {
  it('installs the workflow, replays an event and lists what came in', async () => {
    const installed = await pngx(['webhook', 'install', '--url', 'http://127.0.0.1:8000/webhook/paperless', '--json']);
    expect([installed.code, JSON.parse(installed.stdout)]).toMatchObject([0, { done: 'created', secret_made: true }]);
    const found = (await ask(master, 'GET', '/api/workflows/')) as { count: number };
    expect(found.count).toBe(1);
    const hint = { documentId: 2, kind: 'changed', body: 'json', fields: {} } as const;
    const { id } = await takeHint(database.db, hint, 0);
    const replayed = await pngx(['webhook', 'replay', '--id', String(id)]);
    expect([replayed.code, replayed.stdout]).toEqual([0, `Document #2 is looked at again (event ${id}).\n`]);
    const events = await pngx(['webhook', 'events', '--state', 'pending', '--json']);
    expect(JSON.parse(events.stdout).events).toMatchObject([{ id, master_doc_id: 2, received_count: 2 }]);
  });
});

describe('sync', () => {
  it('says what a cycle would do, and does nothing', async () => {
    await database.owner.deleteFrom('sync_map').execute();
    simulator.clearRequests();
    const { code, stdout } = await pngx(['sync', '--dry-run', '--replica', 'attic']);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^attic: 2 to upload, 0 to update, 0 to bring back, 0 to delete/),
    ]);
    expect(new Set(simulator.requests().map(({ method }) => method))).toEqual(new Set(['GET']));
    expect(await dueIds()).toEqual([]);
  });

  it('opens a cycle that sweeps where that is asked for', async () => {
    const { code, stdout } = await pngx(['sync', '--sweep', '--json']);
    expect(code).toBe(0);
    const run = await database.db
      .selectFrom('sync_runs')
      .select(['sweep', 'triggered_by'])
      .where('id', '=', JSON.parse(stdout).run_id)
      .executeTakeFirst();
    expect(run).toEqual({ sweep: true, triggered_by: 'cli' });
    await database.db.updateTable('sync_runs').set({ finished_at: new Date(), outcome: 'ok' }).execute();
  });
});

describe('doctor', () => {
  it('goes through everything and ends with 0 where nothing is dangerous', async () => {
    await database.owner.deleteFrom('sync_map').execute();
    const { code, stdout } = await pngx(['doctor']);
    expect(stdout).toMatch(/^ok {2}environment: .*\nok {2}database: PostgreSQL \d+/);
    expect(stdout).toContain('queue: on postgres');
    expect(stdout).toContain('warning (worker_missing)');
    expect(stdout).toContain(`ok  master: ${master.url}`);
    expect(stdout).toContain('warning (trash_delay_short)');
    expect(stdout).toContain('warning (generations_differ)');
    expect(stdout).not.toContain(TOKEN);
    expect(code).toBe(0);
  });

  it('ends with 1 and names the cure where an instance refuses the token', async () => {
    simulator.setFault('unauthorized');
    const { code, stdout } = await pngx(['doctor', '--json']);
    simulator.clearFaults();
    expect(code).toBe(1);
    const { ok, areas } = JSON.parse(stdout);
    expect(ok).toBe(false);
    const replica = areas.find(({ area }: { area: string }) => area === 'replica attic');
    expect(replica.findings).toEqual([expect.objectContaining({ code: 'token_refused', severity: 'danger' })]);
    expect(areas.map(({ area }: { area: string }) => area)).toEqual([
      ...['environment', 'database', 'queue', 'processes', 'master', 'replica attic'],
    ]);
  });

  it('says what has to be there first where it is not, with its own exit code', async () => {
    const wrongKey = await pngx(['doctor', '--json'], { SECRET_KEY: 'BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' });
    expect(wrongKey.code).toBe(64);
    expect(JSON.parse(wrongKey.stdout)).toMatchObject({
      ok: false,
      areas: [{ area: 'start', findings: [{ code: 'secret_key_wrong', severity: 'danger' }] }],
    });
    const environment = await pngx(['doctor'], { PORT: 'eighty' });
    expect([environment.code, environment.stdout]).toEqual([64, expect.stringContaining('danger (env_invalid)')]);
  });
});
