import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as taxonomy from '../../../../shared/db/taxonomy.repo.ts';
import type { Db } from '../../../../shared/db/tables.ts';
import type { LinkRow } from '../../../../shared/domain/taxonomy/vocabulary.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { addLink, addReplica, addWorker, lease, readLink } from './support.ts';

let database: TestDatabase;
let db: Db;

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.db;
});
afterAll(() => database.drop());

const row: LinkRow = {
  kind: 'tag',
  masterId: 1,
  replicaId: 9,
  name: 'urgent',
  state: 'linked',
  createdByUs: false,
  heldBack: null,
  detail: {},
  errorMsg: null,
};

describe('taxonomy links', () => {
  test('hold the intent first and the result over it, whole', async () => {
    const replica = await addReplica(db);
    const heldBack = { matching_algorithm: 3, is_inbox_tag: true };
    await taxonomy.saveTaxonomyLink(db, replica, { ...row, replicaId: null, state: 'creating', errorMsg: 'refused' });
    const done: LinkRow = { ...row, createdByUs: true, heldBack, detail: { choice: 'chosen' } };
    await taxonomy.saveTaxonomyLink(db, replica, done);
    expect(await taxonomy.taxonomyLinks(db, replica)).toEqual([{ id: expect.any(Number), ...done }]);
  });

  test('never let two objects of the master stand for one of the replica', async () => {
    const replica = await addReplica(db);
    await taxonomy.saveTaxonomyLink(db, replica, row);
    await expect(taxonomy.saveTaxonomyLink(db, replica, { ...row, masterId: 2 })).rejects.toMatchObject({
      code: '23505',
    });
    expect(await taxonomy.ownerOfObject(db, replica, 'tag', 9)).toMatchObject({ masterId: 1, name: 'urgent' });
    expect(await taxonomy.ownerOfObject(db, replica, 'correspondent', 9)).toBeNull();
  });

  test('are dropped one by one', async () => {
    const replica = await addReplica(db);
    await taxonomy.saveTaxonomyLink(db, replica, row);
    await taxonomy.saveTaxonomyLink(db, replica, { ...row, masterId: 2, replicaId: 10 });
    const [first] = await taxonomy.taxonomyLinks(db, replica);
    await taxonomy.dropTaxonomyLinks(db, [first?.id ?? 0]);
    await taxonomy.dropTaxonomyLinks(db, []);
    expect((await taxonomy.taxonomyLinks(db, replica)).map(({ masterId }) => masterId)).toEqual([2]);
  });
});

test('documents whose object found another counterpart have open work, those of other replicas and deleted ones do not', async () => {
  const [mine, other] = [await addReplica(db), await addReplica(db)];
  const calm = { dirty_seq: -1, applied_seq: -1, phase: 'ok', status: 'ok' as const };
  const used = await addLink(db, mine, { ...calm, master_doc_id: 501 });
  const gone = await addLink(db, mine, { ...calm, master_doc_id: 502, phase: 'gone' });
  const elsewhere = await addLink(db, other, { ...calm, master_doc_id: 501 });
  expect(await taxonomy.markDirtyByMasterDoc(db, mine, [501, 502, 503])).toBe(1);
  expect((await readLink(db, used.id)).dirty_seq).not.toBe(-1);
  for (const link of [gone, elsewhere]) expect((await readLink(db, link.id)).dirty_seq).toBe(-1);
});

test('a document that is being written, or may still be, holds up the removal of options', async () => {
  const replica = await addReplica(db);
  const link = await addLink(db, replica);
  expect(await taxonomy.openDocumentWrites(db, replica)).toBe(0);
  const held = await lease(db, link.id, await addWorker(db));
  expect(await taxonomy.openDocumentWrites(db, replica)).toBe(1);
  const soon = new Date(Date.now() + 600_000);
  await db
    .updateTable('sync_map')
    .set({ lease_worker: null, plan: JSON.stringify({ title: 'x' }), hold_until: soon })
    .where('id', '=', held.linkId)
    .execute();
  expect(await taxonomy.openDocumentWrites(db, replica)).toBe(1);
  await db.updateTable('sync_map').set({ hold_until: null, plan: null }).where('id', '=', held.linkId).execute();
  expect(await taxonomy.openDocumentWrites(db, replica)).toBe(0);
});
