import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, inTransaction, openDatabase, waitForDatabase } from '../../../shared/db/client.ts';
import { type Embedded, startEmbedded } from '../../../shared/db/embedded.ts';
import { freePort } from '../../../shared/db/embedded-process.ts';
import { openListener } from '../../../shared/db/listen.ts';
import { slots as slotsTable } from '../../../shared/db/migrations/2026-11-26-slots.ts';
import { AdvisorySlots } from '../../../shared/db/slots.ts';
import { delay } from '../../../shared/kernel/clock.ts';
import { FAST, openDirectory } from '../../support/embedded.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { gate, waitFor } from '../../support/wait.ts';

interface Counters {
  counter: { id: number; n: number };
}

describe('the database client', () => {
  let test: TestDatabase;
  let database: Database<Counters>;
  beforeAll(async () => {
    test = await createTestDatabase();
    // A table of the test's own.
    database = openDatabase<Counters>(test.ownerUrl);
    await sql`create table counter (id int primary key, n int not null)`.execute(database.db);
    await sql`insert into counter values (1, 0), (2, 0)`.execute(database.db);
  });
  afterAll(async () => {
    await database.close();
    await test.drop();
  });

  it('reads ids and counts as numbers, times as dates and days as text', async () => {
    const { rows } =
      await sql`select 9007199254740991::bigint as id, count(*) as n, timestamptz '2026-01-02 03:04:05+02' as at, date '1914-07-28' as day from counter`.execute(
        database.db,
      );
    expect(rows).toEqual([{ id: 9007199254740991, n: 2, at: new Date('2026-01-02T01:04:05Z'), day: '1914-07-28' }]);
  });

  it('refuses a number that JavaScript cannot hold, instead of changing it', async () => {
    await expect(sql`select 9007199254740993::bigint as id`.execute(database.db)).rejects.toThrow(/exceeds 2\^53/);
  });

  it('makes every transaction durable and bounds its idling, whatever the default of the server', async () => {
    const asked = sql`select current_setting('synchronous_commit') as durable,
      current_setting('idle_in_transaction_session_timeout') as idle`;
    const inside = await database.db.transaction().execute((trx) => asked.execute(trx));
    expect(inside.rows).toEqual([{ durable: 'on', idle: '15s' }]);
    const outside = await asked.execute(database.db);
    expect(outside.rows).toEqual([{ durable: 'off', idle: '0' }]);
  });

  it('repeats a transaction that lost a deadlock or a serialization race', async () => {
    const met = [gate(), gate()] as const;
    let runs = 0;
    const move = (from: 0 | 1) =>
      inTransaction(database.db, async (trx) => {
        runs++;
        await trx
          .updateTable('counter')
          .set({ n: sql`n + 1` })
          .where('id', '=', from + 1)
          .execute();
        met[from].open();
        await met[from === 0 ? 1 : 0].opened;
        await trx
          .updateTable('counter')
          .set({ n: sql`n + 1` })
          .where('id', '=', from === 0 ? 2 : 1)
          .execute();
      });
    await Promise.all([move(0), move(1)]);
    expect(runs).toBe(3);
    const { rows } = await sql<{ n: number }>`select n from counter order by id`.execute(database.db);
    expect(rows).toEqual([{ n: 2 }, { n: 2 }]);
  });

  it('does not repeat what failed for another reason', async () => {
    let runs = 0;
    const failing = inTransaction(database.db, async (trx) => {
      runs++;
      await sql`insert into counter values (1, 0)`.execute(trx);
    });
    await expect(failing).rejects.toMatchObject({ code: '23505' });
    expect(runs).toBe(1);
  });
});

describe('waiting for the database', () => {
  it('gives up at its time limit, in words and without the password', async () => {
    const url = `postgres://user:hidden@127.0.0.1:${await freePort()}/pngx`;
    const failure = await waitForDatabase(url, { timeoutMs: 300 }).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({
      code: 'database_unreachable',
      message: expect.stringMatching(
        /^The database at 127\.0\.0\.1:\d+\/pngx cannot be reached \(ECONNREFUSED\)\.$/,
      ) as string,
    });
  });

  it('does not wait where waiting cannot help', async () => {
    const test = await createTestDatabase();
    const url = new URL(test.url);
    url.pathname = '/no_such_database';
    await expect(waitForDatabase(url.href)).rejects.toMatchObject({ code: 'database_refused' });
    await test.drop();
  });
});

describe('killing PostgreSQL under load', () => {
  let dir: { path: string; remove(): Promise<void> };
  let server: Embedded;
  beforeAll(async () => {
    dir = await openDirectory();
    server = await startEmbedded(dir.path, { settings: FAST });
  });
  afterAll(async () => {
    await server.stop();
    await dir.remove();
  });

  /** Queries, transactions, a listener and held slots, all at once, through two kills of the server. */
  it('ends no process: queries fail and go on, the listener comes back, lost slots abort their requests', async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown) => uncaught.push(error);
    process.on('uncaughtException', note).on('unhandledRejection', note);
    const database = openDatabase<Counters>(server.url, { max: 5 });
    const listener = openListener(server.url);
    const schema = openDatabase<unknown>(server.url);
    await slotsTable.up(schema.db);
    // The server does not write to disk at once here, and what it had not written dies with it.
    await sql`checkpoint`.execute(schema.db);
    await schema.close();
    const slots = new AdvisorySlots({ url: server.url, graceMs: 50 });
    const heard: string[] = [];
    let gaps = 0;
    await listener.on(
      'news',
      (payload) => heard.push(payload),
      () => gaps++,
    );
    const stop = new AbortController();
    const counts = { good: 0, bad: 0, lost: 0 };
    const load = async (work: () => Promise<unknown>) => {
      while (!stop.signal.aborted)
        await work().then(
          () => counts.good++,
          async () => {
            counts.bad++;
            await delay(20);
          },
        );
    };
    const transaction = () =>
      inTransaction(database.db, async (trx) => void (await sql`select pg_sleep(0.01)`.execute(trx)));
    const request = () =>
      slots.run(1, async (lost) => {
        await delay(15, lost).catch((error: unknown) => {
          counts.lost++;
          throw error;
        });
      });
    const loads = [
      load(() => sql`select pg_sleep(0.005)`.execute(database.db)),
      load(transaction),
      load(transaction),
      load(request),
      load(request),
    ];

    for (let round = 1; round <= 2; round++) {
      const before = counts.good;
      await waitFor('load on the server', () => counts.good > before + 50);
      const pid = server.pid();
      process.kill(pid, 'SIGKILL');
      await waitFor('the server to be started again', () => server.pid() !== pid);
      const after = counts.good;
      await waitFor('work to go on', () => counts.good > after + 50);
      await waitFor('the listener to be back', () => gaps >= round);
      await sql`select pg_notify('news', ${`round ${round}`})`.execute(database.db);
      await waitFor('the news', () => heard.includes(`round ${round}`));
    }
    stop.abort();
    await Promise.all(loads);
    expect(counts.bad).toBeGreaterThan(0);
    expect(counts.lost).toBeGreaterThan(0);
    expect(uncaught).toEqual([]);
    await Promise.all([slots.close(), listener.close(), database.close()]);
    process.off('uncaughtException', note).off('unhandledRejection', note);
  });
});
