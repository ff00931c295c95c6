import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../shared/db/client.ts';
import { EXIT, exitCodeFor } from '../../../shared/config/exit-codes.ts';
import type { AppError } from '../../../shared/kernel/errors.ts';
import { notify, openListener } from '../../../shared/db/listen.ts';
import { assertSchema, migrate, schemaState } from '../../../shared/db/migrate.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { waitFor } from '../../support/wait.ts';

function creates(table: string): Migration {
  return { up: (db) => sql`create table ${sql.table(table)} (id int)`.execute(db).then(() => undefined) };
}

describe('migrations', () => {
  let test: TestDatabase;
  let bare: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let empty: string;
  beforeAll(async () => {
    test = await createTestDatabase();
    bare = await createEmptyDatabase();
    empty = bare.ownerUrl;
  });
  afterAll(async () => {
    await bare.drop();
    await test.drop();
  });

  it("run once, however many processes start at the same time, the queue's own included", async () => {
    expect((await schemaState(empty)).applied).toEqual([]);
    const results = await Promise.all([...Array(20).keys()].map(() => migrate(empty)));
    expect(results.filter((applied) => applied.length > 0)).toHaveLength(1);
    expect((await schemaState(empty)).pending).toEqual([]);
    const { db, close } = openDatabase<unknown>(empty);
    const queue = await sql<{ n: number }>`select count(*) as n from pg_tables where schemaname = 'bullmq'`.execute(db);
    expect(queue.rows[0]?.n).toBeGreaterThan(0);
    await close();
    await assertSchema(empty);
  });

  it('leave nothing of one that fails, and name it', async () => {
    const broken: Migration = {
      up: async (db) => {
        await sql`create table half (id int)`.execute(db);
        await sql`select no_such_function()`.execute(db);
      },
    };
    const failure = await migrate(test.ownerUrl, {
      queue: false,
      migrations: { ...(await known(test.url)), '2999-01-01-broken': broken },
    }).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({
      code: 'migration_failed',
      message: expect.stringMatching(/^The migration 2999-01-01-broken failed: function no_such_function/) as string,
    });
    const { rows } = await sql<{ found: string | null }>`select to_regclass('half')::text as found`.execute(test.db);
    expect(rows[0]?.found).toBeNull();
  });

  it('let a program work with a newer schema that only adds', async () => {
    await migrate(test.ownerUrl, {
      queue: false,
      migrations: { ...(await known(test.url)), '2999-01-02-more': creates('more') },
    });
    expect(await migrate(test.url)).toEqual([]);
    await assertSchema(test.url);
  });

  it('refuse a schema that a newer release has broken for this one, in words and with an exit code of its own', async () => {
    const newer = {
      ...(await known(test.url)),
      '2999-01-02-more': creates('more'),
      '2999-02-02-newer': creates('newer'),
    };
    await migrate(test.ownerUrl, { queue: false, migrations: newer, breaking: ['2999-02-02-newer'] });
    const refusal = await migrate(test.url).catch((error: unknown) => error as AppError);
    expect(exitCodeFor(refusal as AppError)).toBe(EXIT.schema);
    expect(refusal).toMatchObject({ hint: expect.stringContaining('no way back down') as string });
    await expect(migrate(test.url)).rejects.toMatchObject({
      code: 'schema_newer',
      message: expect.stringContaining('2999-02-02-newer') as string,
    });
    await expect(assertSchema(test.url)).rejects.toMatchObject({ code: 'schema_newer' });
  });

  it('tell a role without the right to change the schema to run migrate first', async () => {
    const other = await createTestDatabase();
    const pending = { ...(await known(other.url)), '2999-03-03-later': creates('later') };
    await expect(migrate(other.url, { queue: false, migrations: pending })).rejects.toMatchObject({
      code: 'schema_forbidden',
      hint: expect.stringContaining('run "pngx-controller migrate"') as string,
    });
    await other.drop();
  });
});

async function known(url: string): Promise<Record<string, Migration>> {
  const { applied } = await schemaState(url);
  return Object.fromEntries(applied.map((name) => [name, { up: async () => undefined }]));
}

describe('notifications', () => {
  it('reach every listener, from a transaction at its commit alone', async () => {
    const test = await createTestDatabase();
    const heard: string[] = [];
    const listeners = [openListener(test.url), openListener(test.url)];
    for (const listener of listeners) await listener.on('progress', (payload) => heard.push(payload));
    await test.db.transaction().execute(async (trx) => {
      await notify(trx, 'progress', 'run 1');
      await notify(test.db, 'progress', 'before');
    });
    await waitFor('both at both', () => heard.length === 4);
    expect(heard.slice(0, 1)).toEqual(['before']);
    await expect(notify(test.db, 'progress', 'ü'.repeat(4000))).rejects.toThrow(/too long/);
    for (const listener of listeners) await listener.close();
    await test.drop();
  });
});
