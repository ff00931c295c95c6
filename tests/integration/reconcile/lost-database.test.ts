import { afterEach, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { Controller } from '../../support/controller.ts';
import { ask } from '../../support/paperless-calls.ts';
import { closeRuns, open, pairsOf, settled, stage, text, waitForUploads, type Stage } from './support.ts';

let current: Stage | undefined;
let second: Controller | undefined;
afterEach(async () => {
  await second?.stop();
  second = undefined;
  await current?.close();
  current = undefined;
});

const uploadsOf = ({ copy }: Stage) =>
  copy.requests().filter((request) => request.path === '/api/documents/post_document/').length;

describe.each(['v2', 'v3'] as const)('a lost database, %s replica', (generation) => {
  it('is recognised by uploads nobody knows: nothing is sent until they are found, and none is there twice', async () => {
    current = await stage(generation, generation, (master) => {
      master.write([1, 2, 3, 4].map((n) => text(`letter ${n}`)));
    });
    const { controller, copy, master } = current;
    await controller.db.updateTable('replicas').set({ library_proven: true }).execute();
    copy.act('pause-worker');
    await controller.openCycle();
    await waitForUploads(controller, 4);
    await closeRuns(controller);
    await settled(controller);
    await controller.stopWorker();
    copy.act('resume-worker');
    await copy.idle();
    copy.clearRequests();
    master.write([text('letter 5')]);
    second = await Controller.start({ master, replicas: { copy } });
    await second.cycle();
    expect(uploadsOf(current)).toBe(0);
    expect((await second.replica('copy')).reconcile_required).toContain('not known here');
    await second.cycle();
    expect((await second.replica('copy')).reconcile_required).toBeNull();
    expect(uploadsOf(current)).toBe(0);
    await second.cycle();
    expect(uploadsOf(current)).toBe(1);
    expect(copy.store.documents.size).toBe(5);
    expect(await compareInstances({ master, replica: copy })).toMatchObject({ equal: true, doubled: [], markers: [] });
  });

  it('costs no upload and no write after a reconcile, and notes are not doubled', async () => {
    current = await stage(generation, generation, (master) => {
      master.write([1, 2, 3].map((n) => text(`letter ${n}`, { archiveSerialNumber: n })));
    });
    const { controller, copy, master } = current;
    await ask(master, 'POST', '/api/documents/1/notes/', { note: 'remember' });
    await controller.cycle();
    const before = await pairsOf(controller);
    await controller.stopWorker();
    copy.clearRequests();
    second = await Controller.start({ master, replicas: { copy } });
    const { runId } = await open(second, 'reconcile');
    await second.ended(runId);
    expect((await second.cycle()).outcome).toBe('ok');
    expect(await pairsOf(second)).toEqual(before);
    const documentWrites = copy
      .requests()
      .filter(({ method, path }) => method !== 'GET' && path.startsWith('/api/documents/'));
    expect(documentWrites).toEqual([]);
    expect(copy.store.documents.get(before[1] ?? 0)?.notes).toHaveLength(1);
    expect(await compareInstances({ master, replica: copy })).toMatchObject({ equal: true, doubled: [] });
  });
});
