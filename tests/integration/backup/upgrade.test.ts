/** R4, R7: from the schema of the first release, from a backup of it, and from one database to the next: 0 uploads. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { insertLines, tablesOf, type Column } from '../../../shared/db/backup-load.ts';
import { openSnapshot } from '../../../shared/db/backup-dump.ts';
import { openDatabase } from '../../../shared/db/client.ts';
import { migrate } from '../../../shared/db/migrate.ts';
import { migrations } from '../../../shared/db/migrations/index.ts';
import type { Tables } from '../../../shared/db/tables.ts';
import { Controller } from '../../support/controller.ts';
import { ask } from '../../support/paperless-calls.ts';
import { QUEUES } from '../../../shared/queue/catalog.ts';
import { createEmptyDatabase, type TestDatabase } from '../../support/postgres.ts';
import { endPrograms, startProgram } from '../../support/program.ts';
import { stage, text, type Stage } from '../reconcile/support.ts';
import { backUp, contentOf, folder, plantCanary, restore, rewritten } from './support.ts';

const FIRST = '2026-11-21-initial';
let world: Stage;
let dir: Awaited<ReturnType<typeof folder>>;
let file: string;
/** The tables of the first release. */
let old: Map<string, Column[]>;
const databases: TestDatabase[] = [];

beforeAll(async () => {
  dir = await folder();
  world = await stage('v3', 'v3', (master) => {
    master.write([1, 2, 3, 4].map((n) => text(`letter ${n}`, { archiveSerialNumber: n })));
  });
  await ask(world.master, 'POST', '/api/documents/1/notes/', { note: 'remember' });
  await plantCanary(world.controller);
  await world.controller.cycle();
  await world.controller.stopWorker();
  file = join(dir.path, 'now.gz');
  await backUp(world.controller.db, file);
});
afterAll(async () => {
  await endPrograms();
  for (const database of databases) await database.drop();
  await world.close();
  await dir.remove();
});

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createEmptyDatabase();
  databases.push(database);
  return database;
}

/** A cycle and a sweep on this database change nothing anywhere: what is there is known, and nothing is called different. */
async function expectNothingToDo(database: TestDatabase): Promise<void> {
  const { controller, master, copy } = world;
  const joins = { database, key: controller.key } as Controller;
  // As the start of a program would: the queue may have no schema here yet.
  await migrate(database.ownerUrl, { queue: true, queues: QUEUES });
  const second = await Controller.start({ master, replicas: { copy }, joins });
  try {
    copy.clearRequests();
    expect((await second.cycle(undefined, 90_000)).outcome).toBe('ok');
    const { runId } = await second.openCycle(undefined, { sweep: true });
    expect(await second.ended(runId, 90_000)).toMatchObject({ outcome: 'ok' });
    expect(
      copy.requests().filter(({ method, path }) => method !== 'GET' && path.startsWith('/api/documents/')),
    ).toEqual([]);
    expect(await second.db.selectFrom('conflicts').selectAll().execute()).toEqual([]);
    expect((await second.links()).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(await compareInstances({ master, replica: copy })).toMatchObject({ equal: true, doubled: [] });
  } finally {
    await second.stop();
  }
}

/** What the first release had written: the same rows in the columns it knew. */
async function fillFirstRelease(target: TestDatabase): Promise<void> {
  const first = { [FIRST]: migrations[FIRST] ?? { up: () => Promise.reject(new Error('no such migration')) } };
  await migrate(target.ownerUrl, { queue: false, migrations: first, breaking: [] });
  const { db, close } = openDatabase<Tables>(target.ownerUrl, { max: 1 });
  old = await tablesOf(db);
  const snapshot = await openSnapshot(world.controller.db);
  await sql`truncate master_state`.execute(db);
  for (const name of [
    'app_meta',
    'settings',
    'master_state',
    'replicas',
    'sync_map',
    'taxonomy_links',
    'upload_attempts',
  ]) {
    const table = snapshot.tables.find((one) => one.name === name);
    const columns = old.get(name);
    if (!table || !columns) throw new Error(`${name} is not there`);
    for await (const lines of snapshot.rows(table))
      await insertLines(db, name, columns, lines.map(pick(table.columns, columns)));
  }
  await snapshot.close();
  await sql`delete from app_meta where key = 'schema_breaking'`.execute(db);
  await sql`select setval('dirty_seq', 1000), setval('sync_map_id_seq', 1000), setval('replicas_id_seq', 10)`.execute(
    db,
  );
  await close();
}

const pick = (from: readonly string[], to: readonly Column[]) => (line: string) => {
  const row = JSON.parse(line) as (string | null)[];
  return JSON.stringify(to.map(({ name }) => row[from.indexOf(name)] ?? null));
};

describe('an upgrade', () => {
  it('from the schema of the first release, with data, uploads nothing and finds no false difference', async () => {
    const target = await emptyDatabase();
    await fillFirstRelease(target);
    const applied = await migrate(target.ownerUrl);
    expect(applied).toEqual(
      Object.keys(migrations)
        .filter((name) => name !== FIRST)
        .sort(),
    );
    await expectNothingToDo(target);
  });

  it('of a backup of the first release brings its rows up to date on the way in', async () => {
    const older = await rewritten(file, join(dir.path, 'older.gz'), asFirstRelease);
    const target = await emptyDatabase();
    await restore({ database: target, key: world.controller.key }, older, { force: false, moved: true });
    const [now, then] = [await contentOf(target.url), await contentOf(world.controller.database.url)];
    expect(now['sync_map']).toHaveLength(4);
    expect(now['app_meta']).toContain('(schema_breaking,2026-11-23-backup)');
    expect(now['settings']).toEqual(then['settings']);
    const schemas = await sql<{
      n: number;
    }>`select count(*)::int as n from pg_namespace where nspname = 'pngx_restore'`.execute(target.db);
    expect(schemas.rows[0]?.n).toBe(0);
    await expectNothingToDo(target);
  });
});

/** The same backup as the first release would have made it. */
function asFirstRelease(content: string): string {
  const lines = content.trimEnd().split('\n');
  const header = JSON.parse(lines[0] ?? '') as { schema: string[]; tables: { name: string; rows: number }[] };
  const tables = header.tables.filter(({ name }) => old.has(name));
  const body = [JSON.stringify({ ...header, schema: [FIRST], tables })];
  let from: string[] = [];
  let to: readonly Column[] | undefined;
  for (const line of lines.slice(1, -1)) {
    if (line.startsWith('{')) {
      const opening = JSON.parse(line) as { table: string; columns: string[] };
      from = opening.columns;
      to = old.get(opening.table);
      if (to) body.push(JSON.stringify({ table: opening.table, columns: to.map(({ name }) => name) }));
    } else if (to) body.push(pick(from, to)(line));
  }
  const written = `${body.join('\n')}\n`;
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  return `${written}${JSON.stringify({ end: true, rows, sha256: createHash('sha256').update(written).digest('hex') })}\n`;
}

describe('a move', () => {
  it('takes everything along; the old place refuses to start, the new one uploads nothing', async () => {
    const target = await emptyDatabase();
    const { url, ownerUrl } = world.controller.database;
    const env = { DATABASE_URL: url, MIGRATION_DATABASE_URL: ownerUrl, SECRET_KEY: world.controller.key };
    const move = startProgram('services/cli/main.ts', env, ['move', '--to', target.ownerUrl, '--json']);
    expect([await move.ended, move.stderr()]).toEqual([0, '']);
    expect(JSON.parse(move.stdout()).rows).toBeGreaterThan(8);
    const start = startProgram('services/cli/main.ts', env, ['api']);
    expect([await start.ended, start.stderr()]).toEqual([64, expect.stringContaining('was moved to')]);
    await expectNothingToDo(target);
  });

  it('that is refused later leaves the mark of the one before: only one of the two places can start', async () => {
    const [target, elsewhere] = [await emptyDatabase(), await emptyDatabase()];
    const { url, ownerUrl } = world.controller.database;
    const env = { DATABASE_URL: url, MIGRATION_DATABASE_URL: ownerUrl, SECRET_KEY: world.controller.key };
    const run = async (...args: string[]) => {
      const program = startProgram('services/cli/main.ts', env, args);
      return [await program.ended, program.stderr()];
    };
    await run('move', '--cancel');
    expect(await run('move', '--to', target.ownerUrl)).toEqual([0, '']);
    expect(await run('move', '--to', elsewhere.ownerUrl)).toEqual([64, expect.stringContaining('was moved to')]);
    expect(await run('move', '--to', target.ownerUrl)).toEqual([64, expect.stringContaining('--force')]);
    expect(await run('api')).toEqual([64, expect.stringContaining('was moved to')]);
  });
});
