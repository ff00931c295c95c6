import { afterEach, describe, expect, it } from 'vitest';
import type { Stage } from '../faults/stage.ts';
import { expectUnwritten, live } from '../faults/stage.ts';
import {
  deletes,
  DOCUMENTS,
  expectUntouched,
  letDaysPass,
  openScene,
  purgeOn,
  restoreOn,
  sweep,
  tombstones,
  trashed,
  trashOn,
  trashPosts,
  uploads,
} from './scene.ts';

let stage: Stage;
afterEach(() => stage?.close());

describe.each([
  ['v3', 'v3'],
  ['v2', 'v2'],
  ['v3', 'v2'],
  ['v2', 'v3'],
] as const)('deletions on a %s master and a %s replica', (from, to) => {
  it('go to the trash of the replica after the sweep that saw them, and come back from there without an upload', async () => {
    stage = await openScene({ master: from, replica: to });
    await trashOn(stage.master, 5);
    expect((await stage.cycle()).outcome).toBe('ok');
    expectUntouched(stage);
    expect((await sweep(stage)).outcome).toBe('ok');
    expect(trashed(stage.copy)).toHaveLength(1);
    expect(live(stage.copy)).toHaveLength(DOCUMENTS - 1);
    expect(trashed(stage.copy)[0]).toMatchObject({ title: 'Letter 5', archiveSerialNumber: null });
    expect(await tombstones(stage)).toMatchObject([
      { master_doc_id: 5, state: 'trashed', reason: 'trashed_on_master', asn: 105 },
    ]);
    expect(await stage.link(5)).toMatchObject({ phase: 'gone', error_code: 'deleted_on_master' });
    expect((await stage.cycle()).outcome).toBe('ok');
    await restoreOn(stage.master, 5);
    expect((await stage.cycle()).outcome).toBe('ok');
    expect(await tombstones(stage)).toMatchObject([{ master_doc_id: 5, state: 'restored' }]);
    expect(uploads(stage.copy)).toBe(0);
    expect(await stage.link(5)).toMatchObject({ phase: 'ok', tombstone_id: null });
    await stage.expectEqual();
    expectUnwritten(stage.master);
  });

  it('are purged with mode delete: two sweeps without them, a day in the trash, one more sweep; then uploaded anew', async () => {
    stage = await openScene({ master: from, replica: to, mode: 'delete' });
    await trashOn(stage.master, 7);
    await sweep(stage);
    expect(trashed(stage.copy)).toHaveLength(1);
    await purgeOn(stage.master, 7);
    await letDaysPass(stage, 2);
    await sweep(stage);
    expect(trashed(stage.copy)).toHaveLength(1);
    await sweep(stage);
    expect(trashed(stage.copy)).toHaveLength(0);
    expect(stage.copy.store.documents.size).toBe(DOCUMENTS - 1);
    expect(await tombstones(stage)).toMatchObject([{ master_doc_id: 7, state: 'purged' }]);
    expect(trashPosts(stage.copy)).toHaveLength(1);
    expect(await stage.link(7)).toMatchObject({ phase: 'gone', replica_doc_id: null });
    expect((await stage.cycle()).outcome).toBe('ok');
    expectUnwritten(stage.master);
  });
});

describe('a document that vanished from list and trash', () => {
  it('is trashed on the replica after two sweeps, and purged no sooner than a day and a sweep later', async () => {
    stage = await openScene({ mode: 'delete' });
    await purgeOn(stage.master, 3);
    await sweep(stage);
    expectUntouched(stage);
    await stage.cycle();
    expectUntouched(stage);
    await sweep(stage);
    expect(trashed(stage.copy)).toHaveLength(1);
    await sweep(stage);
    expect(trashed(stage.copy)).toHaveLength(1);
    await letDaysPass(stage, 2);
    await stage.cycle();
    expect(stage.copy.store.documents.size).toBe(DOCUMENTS - 1);
    expect(await tombstones(stage)).toMatchObject([{ master_doc_id: 3, reason: 'absent_on_master', state: 'purged' }]);
  });

  it('stays in the trash of the replica with mode trash', async () => {
    stage = await openScene({ mode: 'trash' });
    await purgeOn(stage.master, 3);
    for (let n = 0; n < 4; n += 1) await sweep(stage);
    await letDaysPass(stage, 9);
    await sweep(stage);
    expect(trashed(stage.copy)).toHaveLength(1);
    expect(trashPosts(stage.copy)).toEqual([]);
    expect(deletes(stage.copy)).toHaveLength(1);
  });

  it('waits while it was the newest of all: a restored backup looks the same; a newer document settles it', async () => {
    stage = await openScene();
    await purgeOn(stage.master, DOCUMENTS);
    for (let n = 0; n < 3; n += 1) await sweep(stage);
    expectUntouched(stage);
    stage.add();
    await sweep(stage);
    expect(trashed(stage.copy)).toHaveLength(1);
  });
});

describe('with deletions off', () => {
  it('a deletion is found and listed, and nothing is done to the copy', async () => {
    stage = await openScene({ mode: 'keep' });
    await trashOn(stage.master, 4);
    await sweep(stage);
    expectUntouched(stage);
    expect(await stage.link(4)).toMatchObject({ phase: 'gone', error_code: 'deleted_on_master' });
    await restoreOn(stage.master, 4);
    await stage.cycle();
    await stage.expectEqual();
    expect(uploads(stage.copy)).toBe(0);
  });

  it('a copy whose document is purged on the master is adopted when the same file is uploaded there again', async () => {
    stage = await openScene({ mode: 'keep' });
    const { replica_doc_id: copy } = await stage.link(4);
    await purgeOn(stage.master, 4);
    await sweep(stage);
    await sweep(stage);
    expectUntouched(stage);
    expect(await tombstones(stage)).toMatchObject([{ state: 'released', replica_doc_id: copy }]);
    const again = stage.add({ text: 'Letter 4 of the harbour office.', title: 'Uploaded again' });
    expect((await stage.cycle()).outcome).toBe('ok');
    expect(await stage.link(again)).toMatchObject({ phase: 'ok', replica_doc_id: copy });
    expect(uploads(stage.copy)).toBe(0);
    expect(live(stage.copy)).toHaveLength(DOCUMENTS);
  });
});
