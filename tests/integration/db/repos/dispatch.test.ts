import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as dispatch from '../../../../shared/db/dispatch.repo.ts';
import { takeLease } from '../../../../shared/db/links.repo.ts';
import type { Db, Link, SyncMapTable } from '../../../../shared/db/tables.ts';
import type { Insertable } from 'kysely';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { addLink, addReplica, addRun, addWorker, bury, lease, minutesAgo, readLink } from './support.ts';

/** A job that nobody began in this time is lost. */
const LOST_AFTER_MS = 40_000;
const BY: dispatch.DispatchBy = { worker: randomUUID(), lostAfterMs: LOST_AFTER_MS };

let database: TestDatabase;
let db: Db;
let replica: number;
let scope: dispatch.DispatchScope;

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.db;
});
afterAll(() => database.drop());
beforeEach(async () => {
  replica = await addReplica(db);
  scope = { runId: (await addRun(db, replica)).runId, replicaId: replica };
});

async function addItem(
  kind: 'upload' | 'update',
  link: Partial<Insertable<SyncMapTable>> = {},
  state: 'open' | 'planned' | 'done' = 'open',
): Promise<Link> {
  const row = await addLink(db, replica, link);
  await db.insertInto('run_items').values({ run_id: scope.runId, link_id: row.id, chunk: 0, kind, state }).execute();
  return row;
}
const taken = async (kind: dispatch.DispatchKind, limit = 10) =>
  (await dispatch.takeForDispatch(db, scope, kind, limit, BY)).map(({ linkId }) => linkId);

describe('takeForDispatch', () => {
  test('takes what is open, in the order of the ids and up to the limit, and raises the generation', async () => {
    const [first, second, third] = [await addItem('upload'), await addItem('upload'), await addItem('upload')];
    expect(await dispatch.takeForDispatch(db, scope, 'upload', 2, BY)).toEqual([
      { linkId: first.id, generation: 1 },
      { linkId: second.id, generation: 1 },
    ]);
    expect((await readLink(db, second.id)).dispatched_at).not.toBeNull();
    expect(await taken('upload')).toEqual([third.id]);
  });

  test('takes nothing when there is no room', async () => {
    await addItem('upload');
    expect(await taken('upload', 0)).toEqual([]);
    expect(await taken('upload', -3)).toEqual([]);
  });

  test('tells uploads, updates, what was begun and what waits for other documents apart', async () => {
    const upload = await addItem('upload');
    const update = await addItem('update', { replica_doc_id: 1 });
    const begun = await addItem('upload', { phase: 'awaiting' });
    const linking = await addItem('update', { replica_doc_id: 2, phase: 'linking' });
    expect(await taken('begun')).toEqual([begun.id]);
    expect(await taken('update')).toEqual([update.id]);
    expect(await taken('upload')).toEqual([upload.id]);
    expect(await taken('linking')).toEqual([linking.id]);
  });

  test('leaves what is planned for later, done, or part of another run', async () => {
    await addItem('upload', {}, 'planned');
    await addItem('upload', {}, 'done');
    await addLink(db, replica);
    expect(await taken('upload')).toEqual([]);
  });

  test('leaves a snoozed link until it is due', async () => {
    await addItem('upload', { next_due_at: new Date(Date.now() + 60_000) });
    const due = await addItem('upload', { next_due_at: minutesAgo(1) });
    expect(await taken('upload')).toEqual([due.id]);
  });

  test('leaves a link that somebody living works on, and takes that of a dead process at once', async () => {
    const [alive, dead] = [await addWorker(db), await addWorker(db)];
    await lease(db, (await addItem('upload', { dispatched_at: minutesAgo(5) })).id, alive);
    const orphan = await addItem('upload', { dispatched_at: new Date() });
    await lease(db, orphan.id, dead);
    await bury(db, dead);
    expect(await taken('upload')).toEqual([orphan.id]);
  });

  test('gives a job that nobody began within a minute a successor, and the old one is void', async () => {
    await addItem('upload', { dispatched_at: new Date(Date.now() - 30_000) });
    const lost = await addItem('upload', { dispatched_at: new Date(Date.now() - 61_000), dispatch_gen: 3 });
    expect(await dispatch.takeForDispatch(db, scope, 'upload', 10, BY)).toEqual([{ linkId: lost.id, generation: 4 }]);
    const worker = await addWorker(db);
    expect(await takeLease(db, lost.id, worker, 3)).toBeNull();
    expect(await takeLease(db, lost.id, worker, 4)).not.toBeNull();
  });

  test('gives every link to one of two dispatchers', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => addItem('upload')));
    const both = await Promise.all([taken('upload', 20), taken('upload', 20)]);
    expect(both.flat().sort((a, b) => a - b)).toEqual(all.map(({ id }) => id).sort((a, b) => a - b));
  });
});

test('undispatch frees what the queue did not take, but nothing that somebody began', async () => {
  const [refused, begun] = [await addItem('upload'), await addItem('upload')];
  const jobs = await dispatch.takeForDispatch(db, scope, 'upload', 10, BY);
  await lease(db, begun.id, await addWorker(db));
  await dispatch.undispatch(db, jobs);
  expect((await readLink(db, begun.id)).dispatched_at).not.toBeNull();
  expect(await dispatch.takeForDispatch(db, scope, 'upload', 10, BY)).toEqual([{ linkId: refused.id, generation: 2 }]);
});

test('inFlight counts jobs, and uploads that are in the queue of the replica or on their way there', async () => {
  await addLink(db, replica, { dispatched_at: new Date() });
  await addLink(db, replica, { dispatched_at: new Date(), phase: 'awaiting' });
  await addLink(db, replica, { phase: 'unknown' });
  await addLink(db, replica, { dispatched_at: new Date(), replica_doc_id: 1 });
  await addLink(db, replica, { replica_doc_id: 2 });
  expect(await dispatch.inFlight(db, replica, LOST_AFTER_MS)).toEqual({ jobs: 3, uploads: 3 });
});

test('inFlight leaves out jobs that are lost, unless somebody works on their link', async () => {
  const longAgo = new Date(Date.now() - 2 * LOST_AFTER_MS);
  await addLink(db, replica, { dispatched_at: longAgo });
  const worked = await addLink(db, replica, { dispatched_at: longAgo });
  await lease(db, worked.id, await addWorker(db));
  expect(await dispatch.inFlight(db, replica, LOST_AFTER_MS)).toEqual({ jobs: 1, uploads: 1 });
});

describe('nextDue', () => {
  test('is when the earliest begun link wakes up', async () => {
    const soon = new Date(Date.now() + 5000);
    await addItem('upload', { phase: 'awaiting', next_due_at: new Date(Date.now() + 9000) });
    await addItem('upload', { phase: 'unknown', next_due_at: soon });
    expect(await dispatch.nextDue(db, scope)).toEqual(soon);
  });

  test('is null when nothing waits', async () => {
    await addItem('upload', { phase: 'awaiting', next_due_at: minutesAgo(1) });
    expect(await dispatch.nextDue(db, scope)).toBeNull();
  });
});

test('onlyLinkingIsOpen is true when nothing but parked links, and the one that asks, is left', async () => {
  await addItem('update', { phase: 'linking' });
  const self = await addItem('update', { phase: 'finalising' });
  expect(await dispatch.onlyLinkingIsOpen(db, scope.runId, null)).toBe(false);
  expect(await dispatch.onlyLinkingIsOpen(db, scope.runId, self.id)).toBe(true);
  await addItem('upload', {}, 'planned');
  expect(await dispatch.onlyLinkingIsOpen(db, scope.runId, self.id)).toBe(false);
});
