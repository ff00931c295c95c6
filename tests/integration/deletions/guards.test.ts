import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { loadDeletions } from '../../../shared/replication/deletion-state.ts';
import { loadSettings } from '../../../shared/replication/load-settings.ts';
import { holdDeletionsAfterRestore } from '../../../shared/db/absences.repo.ts';
import { acknowledgeDeletions, askUndo } from '../../../shared/db/tombstones.repo.ts';
import { systemClock } from '../../../shared/kernel/clock.ts';
import { addDocument, editDocument } from '../faults/library.ts';
import { expectUnwritten, live, type Stage } from '../faults/stage.ts';
import {
  DOCUMENTS,
  expectUntouched,
  letDaysPass,
  openScene,
  purgeOn,
  restoreOn,
  setMode,
  sweep,
  tombstones,
  trashed,
  trashOn,
  uploads,
} from './scene.ts';

let stage: Stage;
afterEach(() => stage?.close());

/** As GET /api/replicas/{id}/deletions answers it. */
async function preview() {
  const replica = await stage.controller.replica('copy');
  const settings = () => loadSettings({ db: stage.db, secrets: stage.controller.secrets });
  const { decision } = await loadDeletions({ db: stage.db, clock: systemClock, settings }, replica);
  const going = decision.stopped === null ? decision.verdicts : [];
  const of = (action: string) =>
    going.filter((verdict) => verdict.action === action).map(({ candidate }) => candidate.masterDocId);
  return { ...decision, trash: of('trash'), purge: of('purge') };
}

describe('the guard', () => {
  it('latches when more than its share would go, takes nothing, and lets go what a person acknowledged', async () => {
    stage = await openScene();
    for (const id of [2, 3, 4]) await trashOn(stage.master, id);
    await sweep(stage);
    expectUntouched(stage);
    const held = await stage.controller.replica('copy');
    expect(held).toMatchObject({ deletions_held_count: 3 });
    expect(held.deletions_held).toContain('3 of 24 copies');
    expect(stage.logged('deletion_guard_tripped')).toBe(1);
    await restoreOn(stage.master, 4);
    await sweep(stage);
    expectUntouched(stage);
    expect(stage.logged('deletion_guard_tripped')).toBe(1);
    expect(await acknowledgeDeletions(stage.db, held.id)).toBe(2);
    expect((await preview()).trash).toEqual([2, 3]);
    await stage.cycle();
    expect(trashed(stage.copy).map((row) => row.title)).toEqual(['Letter 2', 'Letter 3']);
  });

  it('counts what went within seven days, so that a slow leak is stopped too', async () => {
    stage = await openScene();
    for (const id of [2, 3]) {
      await trashOn(stage.master, id);
      await sweep(stage);
    }
    expect(trashed(stage.copy)).toHaveLength(2);
    await trashOn(stage.master, 4);
    await sweep(stage);
    expect(trashed(stage.copy)).toHaveLength(2);
    expect((await stage.controller.replica('copy')).deletions_held).toContain('after 2 within 7 days');
    const { id } = await stage.controller.replica('copy');
    await stage.db.updateTable('replicas').set({ deletions_held: null }).where('id', '=', id).execute();
    await letDaysPass(stage, 8);
    await stage.cycle();
    expect(trashed(stage.copy)).toHaveLength(3);
  });

  it('shows before a run exactly what the run then does', async () => {
    stage = await openScene({ mode: 'keep' });
    await trashOn(stage.master, 5);
    await purgeOn(stage.master, 6);
    await sweep(stage);
    await setMode(stage, 'delete');
    const first = await preview();
    expect(first.trash).toEqual([5]);
    await stage.cycle();
    expect((await tombstones(stage)).map((row) => row.master_doc_id)).toEqual(first.trash);
    expect((await preview()).trash).toEqual([]);
    expect((await preview()).verdicts.map(({ candidate, action }) => [candidate.masterDocId, action])).toEqual([
      [5, 'wait'],
      [6, 'wait'],
    ]);
  });

  it('deletes nothing after a restore of our own database before two complete sweeps', async () => {
    stage = await openScene();
    await trashOn(stage.master, 5);
    await holdDeletionsAfterRestore(stage.db);
    await sweep(stage);
    expectUntouched(stage);
    expect((await preview()).stopped).toContain('database was restored');
    await sweep(stage);
    expect(trashed(stage.copy)).toHaveLength(1);
  });

  it('leaves copies alone that are not ours', async () => {
    stage = await openScene();
    const own = addDocument(stage.copy, { title: 'Of the replica', text: 'Written here.', asn: null });
    await purgeOn(stage.master, 5);
    await sweep(stage);
    await sweep(stage);
    expect(trashed(stage.copy).map((row) => row.title)).toEqual(['Letter 5']);
    expect(stage.copy.store.documents.get(own)).toMatchObject({ deletedAt: null });
  });
});

it('a deletion is dropped when its link has another copy by now, and that one is left alone', async () => {
  stage = await openScene({ mode: 'delete' });
  await purgeOn(stage.master, 5);
  await sweep(stage);
  await sweep(stage);
  const other = addDocument(stage.copy, { title: 'Another copy', asn: null });
  const { id } = await stage.link(5);
  await stage.db
    .updateTable('sync_map')
    .set({ replica_doc_id: other, replica_added: null, dirty_seq: sql`nextval('dirty_seq')` })
    .where('id', '=', id)
    .execute();
  await letDaysPass(stage, 2);
  await sweep(stage);
  expect(stage.copy.store.documents.get(other)).toMatchObject({ deletedAt: null });
  expect(trashed(stage.copy)).toHaveLength(1);
  expect((await tombstones(stage))[0]).toMatchObject({ state: 'cancelled' });
});

describe('an undo by a person', () => {
  it('brings the copy back with its number and keeps it, until the document returns to the master', async () => {
    stage = await openScene();
    await trashOn(stage.master, 5);
    await sweep(stage);
    const { id } = await stage.controller.replica('copy');
    const [tombstone] = await tombstones(stage);
    expect(await askUndo(stage.db, id, tombstone?.id ?? 0)).toMatchObject({ master_doc_id: 5 });
    await stage.cycle();
    expect(live(stage.copy)).toHaveLength(DOCUMENTS);
    expect(live(stage.copy).find((row) => row.title === 'Letter 5')).toMatchObject({ archiveSerialNumber: 105 });
    expect(await tombstones(stage)).toMatchObject([{ state: 'undone' }]);
    await sweep(stage);
    await sweep(stage);
    expect(live(stage.copy)).toHaveLength(DOCUMENTS);
    expect(await stage.link(5)).toMatchObject({ phase: 'gone', kept_at: expect.any(Date) });
    await restoreOn(stage.master, 5);
    await stage.cycle();
    await stage.expectEqual();
    expect(await stage.link(5)).toMatchObject({ phase: 'ok', kept_at: null });
    await trashOn(stage.master, 5);
    await sweep(stage);
    expect(trashed(stage.copy)).toHaveLength(1);
    expect(uploads(stage.copy)).toBe(0);
  });

  it('is what taking the copy out of the trash of the replica means, too', async () => {
    stage = await openScene({ mode: 'delete' });
    await purgeOn(stage.master, 5);
    await sweep(stage);
    await sweep(stage);
    const row = trashed(stage.copy)[0];
    if (row) stage.copy.store.saveDocument(Object.assign(row, { deletedAt: null, deletion: null }));
    await letDaysPass(stage, 2);
    await sweep(stage);
    await sweep(stage);
    expect(live(stage.copy)).toHaveLength(DOCUMENTS);
    expect(await tombstones(stage)).toMatchObject([{ state: 'undone' }]);
  });

  it('cannot bring back what was purged on the replica meanwhile; if the document returns, it is uploaded anew', async () => {
    stage = await openScene();
    await trashOn(stage.master, 5);
    await sweep(stage);
    const row = trashed(stage.copy)[0];
    if (row) stage.copy.store.removeDocument(row);
    const { id } = await stage.controller.replica('copy');
    await askUndo(stage.db, id, (await tombstones(stage))[0]?.id ?? 0);
    await stage.cycle();
    expect(await tombstones(stage)).toMatchObject([{ state: 'purged' }]);
    expect(await askUndo(stage.db, id, (await tombstones(stage))[0]?.id ?? 0)).toBeNull();
    await restoreOn(stage.master, 5);
    await stage.cycle();
    await stage.cycle();
    expect(await stage.link(5)).toMatchObject({ phase: 'ok' });
    await stage.expectEqual();
    expect(uploads(stage.copy)).toBe(1);
    expectUnwritten(stage.master);
  });
});

it('a document that was edited and restored on the master is restored here and edited, and no edit of the replica is seen in it', async () => {
  stage = await openScene();
  await trashOn(stage.master, 5);
  await sweep(stage);
  await restoreOn(stage.master, 5);
  editDocument(stage.master, 5, { title: 'Another title', archiveSerialNumber: 900 });
  await stage.cycle();
  await stage.expectEqual();
  expect(uploads(stage.copy)).toBe(0);
  expect(await stage.db.selectFrom('conflicts').selectAll().execute()).toEqual([]);
});
