import { describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { Stops } from '../../support/stops.ts';
import { addVersion, deleteVersion, filesOf, restore } from '../../support/versions.ts';

/** Cycles until every link rests in step; what waits for a moment is due at once. */
async function untilDone(controller: Controller, cycles = 25): Promise<void> {
  const open = async () =>
    (await controller.links()).filter((link) => link.status !== 'ok' || link.dirty_seq !== link.applied_seq);
  for (let n = 0; n < cycles && (n === 0 || (await open()).length > 0); n += 1) {
    await controller.cycle();
    await controller.db.updateTable('sync_map').set({ next_due_at: null, crash_count: 0 }).execute();
  }
  expect((await open()).map((link) => [link.master_doc_id, link.phase, link.error_code, link.error_msg])).toEqual([]);
}

async function links(instance: Simulator, documents: number): Promise<void> {
  const field = (await ask(instance, 'POST', '/api/custom_fields/', { name: 'See', data_type: 'documentlink' })) as {
    id: number;
  };
  for (let id = 1; id < documents; id += 2)
    await ask(instance, 'PATCH', `/api/documents/${id}/`, { custom_fields: [{ field: field.id, value: [id + 1] }] });
}

describe('stopped once at every point', () => {
  it("of carrying versions over, the copies end with the master's list, nothing sent in vain", {
    timeout: 240_000,
  }, async () => {
    const documents = 12;
    const master = await simulator('v3');
    const replica = await simulator('v3');
    const stops = new Stops('version.', 'note', 'patch');
    for (let n = 1; n <= documents; n += 1) await uploadText(master, `doc-${n}`, { archive_serial_number: n });
    await master.idle();
    const controller = await Controller.start({
      master,
      replicas: { copy: replica },
      racePoint: stops.at,
      concurrency: 2,
      timings: { redeliveryMs: 400 },
    });
    try {
      await untilDone(controller);
      stops.armed = true;
      for (let id = 1; id <= documents; id += 1) {
        await addVersion(master, id, `second of ${id}`, 'signed');
        await addVersion(master, id, `third of ${id}`);
      }
      await untilDone(controller);
      for (let id = 1; id <= documents; id += 1) {
        const [, second] = await filesOf(master, id);
        await deleteVersion(master, id, second?.id ?? 0);
      }
      await untilDone(controller);
      for (let id = 1; id <= documents; id += 1) {
        const mine = (await ask(master, 'GET', '/api/trash/?page_size=100')) as {
          results: { id: number; root_document: number }[];
        };
        await restore(master, mine.results.find((row) => row.root_document === id)?.id ?? 0);
        await ask(master, 'PATCH', `/api/documents/${id}/`, { title: `Restored ${id}` });
      }
      await untilDone(controller);
      expect([...stops.stopped].sort()).toEqual([...stops.passed].sort());
      expect([...stops.stopped].filter((name) => name.startsWith('version.')).length).toBeGreaterThanOrEqual(12);
      for (const link of await controller.links())
        expect(await filesOf(replica, link.replica_doc_id ?? 0)).toEqual(await filesOf(master, link.master_doc_id));
      expect(await compareInstances({ master, replica })).toMatchObject({
        equal: true,
        markers: [],
        extra: [],
        doubled: [],
      });
    } finally {
      await controller.stop();
      await master.stop();
      await replica.stop();
    }
  });

  it('of replacing files on 2.20, one copy of each document is left, and every old one lies in the trash', {
    timeout: 240_000,
  }, async () => {
    const documents = 16;
    const master = await simulator('v3');
    const replica = await simulator('v2');
    const stops = new Stops('replace.', 'intent', 'upload.', 'task.', 'note', 'patch');
    for (let n = 1; n <= documents; n += 1) await uploadText(master, `doc-${n}`, { archive_serial_number: n });
    await master.idle();
    await links(master, documents);
    for (let id = 1; id <= documents; id += 1)
      await ask(master, 'POST', `/api/documents/${id}/notes/`, { note: `paid ${id}` });
    const controller = await Controller.start({
      master,
      replicas: { copy: replica },
      racePoint: stops.at,
      concurrency: 2,
    });
    try {
      await controller.db.updateTable('replicas').set({ replace_files_on_v2: true }).execute();
      await untilDone(controller);
      stops.armed = true;
      for (let id = 1; id <= documents; id += 1) await addVersion(master, id, `second of ${id}`);
      await untilDone(controller);
      expect([...stops.stopped].sort()).toEqual([...stops.passed].sort());
      expect([...stops.stopped].filter((name) => name.startsWith('replace.')).length).toBeGreaterThanOrEqual(18);
      const comparison = await compareInstances({ master, replica });
      expect(comparison).toMatchObject({ equal: true, markers: [], missing: [], extra: [], doubled: [] });
      const trash = (await ask(replica, 'GET', '/api/trash/?page_size=100')) as {
        results: { archive_serial_number: number | null }[];
      };
      expect(trash.results.map((row) => row.archive_serial_number)).toEqual(Array(documents).fill(null));
      const rows = await controller.db.selectFrom('replacements').select('step').execute();
      expect(rows.map((row) => row.step)).toEqual(Array(documents).fill('done'));
    } finally {
      await controller.stop();
      await master.stop();
      await replica.stop();
    }
  });
});
