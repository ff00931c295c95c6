import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { markLinksUnconfirmed } from '../../../../shared/db/replicas.repo.ts';
import * as links from '../../../../shared/db/links.repo.ts';
import type { Db } from '../../../../shared/db/tables.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { addLink, addReplica, addWorker, bury, changeTopology, fresh, lease, readLink } from './support.ts';

let database: TestDatabase;
let db: Db;
let replica: number;
let worker: string;

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.db;
});
afterAll(() => database.drop());
beforeEach(async () => {
  replica = await addReplica(db);
  worker = await addWorker(db);
});

describe('takeLease', () => {
  test('is not re-entrant, not even for the process that holds it', async () => {
    const { id } = await addLink(db, replica);
    expect(await links.takeLease(db, id, worker, null)).not.toBeNull();
    expect(await links.takeLease(db, id, worker, null)).toBeNull();
    expect(await links.takeLease(db, id, await addWorker(db), null)).toBeNull();
  });

  test('goes to exactly one of many that ask at once', async () => {
    const { id } = await addLink(db, replica);
    const workers = await Promise.all(Array.from({ length: 8 }, () => addWorker(db)));
    const taken = await Promise.all(workers.map((one) => links.takeLease(db, id, one, null)));
    expect(taken.filter((link) => link !== null)).toHaveLength(1);
  });

  test('raises the epoch with every holder', async () => {
    const { id } = await addLink(db, replica);
    const first = await lease(db, id, worker);
    await links.releaseLease(db, first, {});
    expect((await lease(db, id, worker)).epoch).toBe(first.epoch + 1);
  });

  test('passes on from a process that was declared dead, and counts that as a crash', async () => {
    const { id } = await addLink(db, replica);
    await lease(db, id, worker);
    await bury(db, worker);
    const heir = await links.takeLease(db, id, await addWorker(db), null);
    expect(heir?.crash_count).toBe(2);
  });

  test('is refused to a process that was declared dead itself', async () => {
    const { id } = await addLink(db, replica);
    await bury(db, worker);
    expect(await links.takeLease(db, id, worker, null)).toBeNull();
  });

  test('is refused to a job that a newer one has overtaken', async () => {
    const { id } = await addLink(db, replica, { dispatch_gen: 5 });
    expect(await links.takeLease(db, id, worker, 4)).toBeNull();
    expect(await links.takeLease(db, id, worker, 5)).not.toBeNull();
  });
});

describe('updateLeased', () => {
  test('writes under the lease', async () => {
    const { id } = await addLink(db, replica);
    const held = await lease(db, id, worker);
    expect(await links.updateLeased(db, held, { phase: 'locating' })).toMatchObject({ id, phase: 'locating' });
  });

  test('writes nothing under an older epoch', async () => {
    const { id } = await addLink(db, replica);
    const old = await lease(db, id, worker);
    await links.releaseLease(db, old, {});
    await lease(db, id, worker);
    expect(await links.updateLeased(db, old, { phase: 'locating' })).toBeNull();
    expect((await readLink(db, id)).phase).toBe('pending');
  });

  test('writes nothing for a process that is not the holder', async () => {
    const { id } = await addLink(db, replica);
    const held = await lease(db, id, worker);
    expect(await links.updateLeased(db, { ...held, worker: await addWorker(db) }, { phase: 'locating' })).toBeNull();
  });

  test('writes nothing once the holder was declared dead, although nobody else has the lease', async () => {
    const { id } = await addLink(db, replica);
    const held = await lease(db, id, worker);
    await bury(db, worker);
    expect(await links.updateLeased(db, held, { phase: 'locating' })).toBeNull();
  });

  test('writes nothing once master and replicas have changed their places', async () => {
    const { id } = await addLink(db, replica);
    const held = await lease(db, id, worker);
    await changeTopology(db);
    expect(await links.updateLeased(db, held, { phase: 'locating' })).toBeNull();
  });
});

describe('releaseLease', () => {
  test('writes what came of the work and forgets the dispatch and the crashes', async () => {
    const { id } = await addLink(db, replica, { dispatched_at: new Date() });
    const held = await lease(db, id, worker);
    expect(await links.releaseLease(db, held, { phase: 'awaiting' })).toBe(true);
    expect(await readLink(db, id)).toMatchObject({
      phase: 'awaiting',
      lease_worker: null,
      crash_count: 0,
      dispatched_at: null,
    });
  });

  test('does nothing the second time', async () => {
    const { id } = await addLink(db, replica);
    const held = await lease(db, id, worker);
    await links.releaseLease(db, held, {});
    expect(await links.releaseLease(db, held, { phase: 'ok' })).toBe(false);
    expect((await readLink(db, id)).phase).toBe('pending');
  });

  test('writes nothing for a process that was declared dead, or after a change of the topology', async () => {
    const [first, second] = [await addLink(db, replica), await addLink(db, replica)];
    const late = await lease(db, first.id, worker);
    await changeTopology(db);
    expect(await links.releaseLease(db, late, { phase: 'ok' })).toBe(false);
    const orphaned = await lease(db, second.id, worker);
    await bury(db, worker);
    expect(await links.releaseLease(db, orphaned, { phase: 'ok' })).toBe(false);
    for (const { id } of [first, second]) expect((await readLink(db, id)).phase).toBe('pending');
  });
});

describe('applyAndRelease', () => {
  test('makes a link ok whose document did not change meanwhile', async () => {
    const { id, dirty_seq } = await addLink(db, replica);
    expect(await links.applyAndRelease(db, await lease(db, id, worker), dirty_seq, { replica_modified: 'now' })).toBe(
      true,
    );
    expect(await readLink(db, id)).toMatchObject({
      status: 'ok',
      phase: 'ok',
      applied_seq: dirty_seq,
      replica_modified: 'now',
    });
  });

  test('leaves it pending when it became dirty after the master was read', async () => {
    const { id, dirty_seq, master_doc_id } = await addLink(db, replica);
    const held = await lease(db, id, worker);
    await links.markDirty(db, [{ id: master_doc_id, modified: 'later' }]);
    await links.applyAndRelease(db, held, dirty_seq, {});
    const after = await readLink(db, id);
    expect(after).toMatchObject({ status: 'pending', phase: 'pending', applied_seq: dirty_seq, lease_worker: null });
    expect(after.dirty_seq).toBeGreaterThan(after.applied_seq);
  });

  test('keeps a state that is not ok, such as blocked, while the document moves on', async () => {
    const { id, dirty_seq, master_doc_id } = await addLink(db, replica);
    const held = await lease(db, id, worker);
    await links.markDirty(db, [{ id: master_doc_id, modified: 'later' }]);
    await links.applyAndRelease(db, held, dirty_seq, {
      status: 'error',
      phase: 'blocked',
      error_code: 'duplicate_content',
    });
    expect(await readLink(db, id)).toMatchObject({
      status: 'pending',
      phase: 'blocked',
      error_code: 'duplicate_content',
    });
  });
});

test('releaseAllOf frees what one process holds and leaves the leases of others alone', async () => {
  const [mine, other] = [await addLink(db, replica), await addLink(db, replica)];
  const stranger = await addWorker(db);
  await lease(db, mine.id, worker);
  await lease(db, other.id, stranger);
  await links.releaseAllOf(db, worker);
  expect((await readLink(db, mine.id)).lease_worker).toBeNull();
  expect((await readLink(db, other.id)).lease_worker).toBe(stranger);
});

describe('releaseForgotten', () => {
  test('gives back what the process holds but does not work on, and nothing else', async () => {
    const [forgotten, busy] = [await addLink(db, replica), await addLink(db, replica)];
    await lease(db, forgotten.id, worker);
    await lease(db, busy.id, worker);
    await links.releaseForgotten(db, worker, (id) => id === busy.id);
    expect((await readLink(db, forgotten.id)).lease_worker).toBeNull();
    expect((await readLink(db, busy.id)).lease_worker).toBe(worker);
  });

  test('leaves a lease that passed on while it looked', async () => {
    const { id } = await addLink(db, replica);
    const old = await lease(db, id, worker);
    const next = await addWorker(db);
    await links.releaseLease(db, old, {});
    await lease(db, id, next);
    await links.releaseForgotten(db, worker, () => false);
    expect((await readLink(db, id)).lease_worker).toBe(next);
  });
});

describe('addMissingLinks', () => {
  test('gives every replica a link for every new master document, once', async () => {
    const second = await addReplica(db);
    const ids = [fresh() + 100_000, fresh() + 100_000];
    await links.addMissingLinks(db, ids);
    expect(await links.addMissingLinks(db, ids)).toBe(0);
    for (const one of [replica, second]) {
      const rows = await db.selectFrom('sync_map').selectAll().where('replica_id', '=', one).orderBy('id').execute();
      expect(rows.map((row) => row.master_doc_id)).toEqual(ids);
      for (const row of rows) expect(row.dirty_seq).not.toBe(row.applied_seq);
    }
  });
});

describe('markDirty', () => {
  test('dirties the links of all replicas, those of a suspended one too', async () => {
    const second = await addReplica(db);
    await db.updateTable('replicas').set({ suspended_at: new Date() }).where('id', '=', second).execute();
    const master = fresh();
    for (const one of [replica, second])
      await addLink(db, one, { master_doc_id: master, dirty_seq: 1, applied_seq: 1 });
    expect(await links.markDirty(db, [{ id: master, modified: 'm1' }])).toBe(2);
  });

  test('skips what the feed showed before, as every overlap of two feeds does', async () => {
    const { master_doc_id } = await addLink(db, replica);
    expect(await links.markDirty(db, [{ id: master_doc_id, modified: 'm1' }])).toBe(1);
    expect(await links.markDirty(db, [{ id: master_doc_id, modified: 'm1' }])).toBe(0);
    expect(await links.markDirty(db, [{ id: master_doc_id, modified: 'm2' }])).toBe(1);
  });

  test('skips what was applied already', async () => {
    const { master_doc_id } = await addLink(db, replica, { master_modified: 'm1' });
    expect(await links.markDirty(db, [{ id: master_doc_id, modified: 'm1' }])).toBe(0);
  });
});

describe('copies and owners', () => {
  test('are found by the ids of either side, on the replica that was asked for only', async () => {
    const other = await addReplica(db);
    const link = await addLink(db, replica, { replica_doc_id: 41 });
    await addLink(db, other, { master_doc_id: link.master_doc_id, replica_doc_id: 41 });
    const row = { id: link.id, master_doc_id: link.master_doc_id, replica_doc_id: 41, excluded: false };
    expect(await links.copiesOf(db, replica, [link.master_doc_id])).toEqual([row]);
    expect(await links.ownersOf(db, replica, [41, 42])).toEqual([row]);
    expect(await links.copiesOf(db, replica, [])).toEqual([]);
    expect(await links.ownersOf(db, replica, [])).toEqual([]);
  });

  test('leave out a document whose copy is not claimed yet', async () => {
    const { master_doc_id } = await addLink(db, replica);
    expect(await links.copiesOf(db, replica, [master_doc_id])).toEqual([]);
  });

  test('become dirty by the ids of the replica', async () => {
    const link = await addLink(db, replica, { replica_doc_id: 41, dirty_seq: 1, applied_seq: 1 });
    expect(await links.markDirtyByReplicaDoc(db, replica, [41, 42])).toEqual([link.id]);
    expect((await readLink(db, link.id)).dirty_seq).toBeGreaterThan(1);
  });
});

test('censusAgainstLinks counts strangers, missing copies and copies', async () => {
  await addLink(db, replica, { replica_doc_id: 1 });
  await addLink(db, replica, { replica_doc_id: 2 });
  await addLink(db, replica);
  expect(await links.censusAgainstLinks(db, replica, [2, 3, 4])).toEqual({ foreign_count: 2, missing: 1, linked: 2 });
  expect(await links.censusAgainstLinks(db, replica, [])).toEqual({ foreign_count: 0, missing: 2, linked: 2 });
});

test('after a change of address the links with a copy, and no others, must be confirmed', async () => {
  const claimed = await addLink(db, replica, { replica_doc_id: 1 });
  const pending = await addLink(db, replica);
  await markLinksUnconfirmed(db, replica);
  expect((await links.unconfirmedLinks(db, replica, 10)).map(({ id }) => id)).toEqual([claimed.id]);
  expect(await links.linkById(db, pending.id)).toMatchObject({ unconfirmed: false });
});
