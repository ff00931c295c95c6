/** runs.repo.ts, planItems: the change set of a run. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { planItems } from '../../../../shared/db/runs.repo.ts';
import type { Db } from '../../../../shared/db/tables.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { addLink, addReplica, addRun, minutesAgo } from './support.ts';

let database: TestDatabase;
let db: Db;
let replica: number;
let run: number;

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.db;
});
afterAll(() => database.drop());
beforeEach(async () => {
  replica = await addReplica(db);
  run = (await addRun(db, replica)).runId;
});

const items = () => db.selectFrom('run_items').selectAll().where('run_id', '=', run).orderBy('link_id').execute();

describe('planItems', () => {
  test('takes the links with open work that are due, and no others', async () => {
    const open = await addLink(db, replica);
    const due = await addLink(db, replica, { next_due_at: minutesAgo(1) });
    await addLink(db, replica, { dirty_seq: 5, applied_seq: 5 });
    await addLink(db, replica, { next_due_at: new Date(Date.now() + 60_000) });
    await addLink(db, await addReplica(db));
    expect(await planItems(db, run, replica, 500)).toEqual({ total: 2, chunks: 1 });
    expect((await items()).map(({ link_id, state }) => [link_id, state])).toEqual([
      [open.id, 'planned'],
      [due.id, 'planned'],
    ]);
  });

  test('puts updates before uploads, and tells them apart', async () => {
    const upload = await addLink(db, replica);
    const update = await addLink(db, replica, { replica_doc_id: 1 });
    await planItems(db, run, replica, 1);
    expect(await items()).toMatchObject([
      { link_id: upload.id, kind: 'upload', chunk: 1 },
      { link_id: update.id, kind: 'update', chunk: 0 },
    ]);
  });

  test('numbers chunks of at most the given size', async () => {
    for (let nth = 0; nth < 7; nth += 1) await addLink(db, replica);
    expect(await planItems(db, run, replica, 3)).toEqual({ total: 7, chunks: 3 });
    expect((await items()).map(({ chunk }) => chunk)).toEqual([0, 0, 0, 1, 1, 1, 2]);
  });

  test('takes of the failed the fifty that failed longest ago, besides all others', async () => {
    const failed: number[] = [];
    for (let nth = 0; nth < 53; nth += 1)
      failed.push((await addLink(db, replica, { phase: 'failed', status: 'error', failed_at: minutesAgo(nth) })).id);
    const fresh = await addLink(db, replica);
    expect(await planItems(db, run, replica, 500)).toMatchObject({ total: 51 });
    const planned = (await items()).map(({ link_id }) => link_id);
    expect(planned).toContain(fresh.id);
    for (const recent of failed.slice(0, 3)) expect(planned).not.toContain(recent);
  });

  test('plans nothing twice when the step is repeated, and adds what became open meanwhile', async () => {
    await addLink(db, replica);
    await planItems(db, run, replica, 500);
    expect(await planItems(db, run, replica, 500)).toEqual({ total: 1, chunks: 1 });
    await addLink(db, replica);
    expect(await planItems(db, run, replica, 500)).toEqual({ total: 2, chunks: 1 });
  });

  test('has no chunks when there is nothing to do', async () => {
    expect(await planItems(db, run, replica, 500)).toEqual({ total: 0, chunks: 0 });
  });
});
