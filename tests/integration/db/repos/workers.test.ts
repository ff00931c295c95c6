import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Db } from '../../../../shared/db/tables.ts';
import * as workers from '../../../../shared/db/workers.repo.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { addLink, addReplica, addWorker, bury, lease, minutesAgo } from './support.ts';

let database: TestDatabase;
let db: Db;

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.db;
});
afterAll(() => database.drop());

const beatOf = async (id: string) => (await workers.livingWorkers(db)).find((worker) => worker.id === id)?.beat;

describe('a process', () => {
  test('beats as long as nobody declared it dead', async () => {
    const id = await addWorker(db);
    expect(await workers.beat(db, id)).toBeInstanceOf(Date);
    expect(await beatOf(id)).toBe(1);
    await bury(db, id);
    expect(await workers.beat(db, id)).toBeNull();
    expect(await beatOf(id)).toBeUndefined();
  });

  test('is declared dead by one observer only, and only if its beat is the one that was seen', async () => {
    const id = await addWorker(db);
    await workers.beat(db, id);
    expect(await workers.declareDead(db, id, 0)).toBe(false);
    const answers = await Promise.all([workers.declareDead(db, id, 1), workers.declareDead(db, id, 1)]);
    expect(answers.sort()).toEqual([false, true]);
  });

  test('that ends in order is dead at once', async () => {
    const id = await addWorker(db);
    await workers.signOff(db, id);
    expect(await beatOf(id)).toBeUndefined();
  });

  test('that is declared dead loses the session that holds its request slots', async () => {
    const id = await addWorker(db);
    const session = new pg.Client(database.url);
    const ended = new Promise<void>((resolve) => {
      session.on('error', () => resolve());
    });
    await session.connect();
    const { rows } = await session.query<{ pid: number; started: string }>(
      'select pid, backend_start::text as started from pg_stat_activity where pid = pg_backend_pid()',
    );
    await workers.noteLockSession(db, id, rows[0]?.pid ?? 0, rows[0]?.started ?? '');
    await workers.declareDead(db, id, 0);
    await ended;
  });

  test('that is declared dead does not take a session down that only has the number of its old one', async () => {
    const id = await addWorker(db);
    const session = new pg.Client(database.url);
    await session.connect();
    const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
    await workers.noteLockSession(db, id, rows[0]?.pid ?? 0, minutesAgo(60).toISOString());
    await workers.declareDead(db, id, 0);
    expect((await session.query('select 1')).rowCount).toBe(1);
    await session.end();
  });
});

test('pruneWorkers forgets who died a week ago, unless a link still names it', async () => {
  const [recent, old, holding] = [await addWorker(db), await addWorker(db), await addWorker(db)];
  await lease(db, (await addLink(db, await addReplica(db))).id, holding);
  for (const id of [recent, old, holding]) await bury(db, id);
  for (const id of [old, holding])
    await db
      .updateTable('workers')
      .set({ beat_at: minutesAgo(8 * 24 * 60) })
      .where('id', '=', id)
      .execute();
  await workers.pruneWorkers(db);
  const left = (await db.selectFrom('workers').select('id').execute()).map(({ id }) => id);
  expect(left).toEqual(expect.arrayContaining([recent, holding]));
  expect(left).not.toContain(old);
});
