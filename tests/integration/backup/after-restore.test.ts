/** H10, E20: an old backup is put back while the instances have moved on. Nothing is sent twice, nothing deleted in haste. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { putSettings } from '../../../shared/db/settings.repo.ts';
import { editDocument } from '../faults/library.ts';
import { ask } from '../../support/paperless-calls.ts';
import { settled, stage, text, waitForUploads, writesOf, type Stage } from '../reconcile/support.ts';
import { backUp, folder, plantCanary, restore } from './support.ts';

let current: Stage | undefined;
let dir: Awaited<ReturnType<typeof folder>>;
beforeEach(async () => {
  dir = await folder();
});
afterEach(async () => {
  await current?.close();
  current = undefined;
  await dir.remove();
});

const uploads = (on: Stage) => writesOf(on.copy).filter((request) => request.includes('post_document')).length;
const live = (on: Stage) => [...on.copy.store.documents.values()].filter((row) => row.deletedAt === null).length;

describe.each(['v2', 'v3'] as const)('after the restore of an old backup, %s replica', (generation) => {
  it('0 uploads of what is there, uploads under way included; no false conflicts; deletions wait for two sweeps', async () => {
    current = await stage(generation, generation, (master) => {
      master.write([1, 2, 3, 4].map((n) => text(`letter ${n}`, { archiveSerialNumber: n })));
    });
    const { controller, copy, master } = current;
    const file = join(dir.path, 'old.gz');
    await plantCanary(controller);
    await putSettings(controller.db, [{ key: 'max_delete_percent', value: '100' }]);
    await controller.db.updateTable('replicas').set({ deletion_mode: 'trash' }).execute();
    expect((await controller.cycle()).outcome).toBe('ok');
    await backUp(controller.db, file);

    master.write([5, 6].map((n) => text(`letter ${n}`)));
    editDocument(master, 1, { title: 'once' });
    await ask(master, 'POST', '/api/documents/2/notes/', { note: 'remember' });
    expect((await controller.cycle()).outcome).toBe('ok');
    copy.act('pause-worker');
    master.write([text('letter 7')]);
    await controller.openCycle();
    await waitForUploads(controller, 1);
    await settled(controller);
    await controller.stopWorker();
    copy.clearRequests();
    editDocument(master, 1, { title: 'twice' });
    await ask(master, 'DELETE', '/api/documents/3/');

    await restore(controller, file);
    const before = await controller.replica('copy');
    expect(before.reconcile_required).toContain('restored from a backup');
    expect(await controller.links()).toHaveLength(4);
    await controller.startWorker();
    await controller.cycle(undefined, 90_000);
    expect(uploads(current)).toBe(0);
    copy.act('resume-worker');
    await copy.idle();
    await controller.cycle(undefined, 90_000);
    const ended = await controller.sweep(undefined, 90_000);
    expect(ended.outcome).toBe('ok');
    expect(uploads(current)).toBe(0);
    expect((await controller.replica('copy')).reconcile_required).toBeNull();
    expect(await controller.db.selectFrom('conflicts').selectAll().execute()).toEqual([]);
    expect(live(current)).toBe(7);

    await controller.sweep(undefined, 90_000);
    expect(live(current)).toBe(6);
    expect(uploads(current)).toBe(0);
    expect(await compareInstances({ master, replica: copy })).toMatchObject({ equal: true, doubled: [], markers: [] });
  });
});
