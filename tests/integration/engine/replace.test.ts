import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';
import { addDocument, lockDatabase } from '../faults/library.ts';
import { addVersion, deleteVersion, filesOf, rotate } from '../../support/versions.ts';

interface Row {
  readonly id: number;
  readonly archive_serial_number: number | null;
  readonly custom_fields: { field: number; value: unknown }[];
}
const live = async (instance: Simulator) =>
  ((await ask(instance, 'GET', '/api/documents/?ordering=id&page_size=100')) as { results: Row[] }).results;

for (const generation of ['v3', 'v2'] as const)
  describe(`a file that changed on a ${generation} master, on a 2.20 replica`, () => {
    let master: Simulator;
    let replica: Simulator;
    let controller: Controller;
    const atPoint = new Map<string, () => void>();
    const atRestore = (how: 'locked' | 'silent') =>
      atPoint.set('replace.restore.before', () => {
        const match = { method: 'POST', pathPrefix: '/api/trash/' };
        if (how === 'silent') return replica.setFault('drop-after-commit', { match, times: 1 });
        const unlock = lockDatabase(replica);
        void waitFor('the restore to be refused', () =>
          replica.requests().some((request) => request.path === '/api/trash/' && request.status === 500),
        ).finally(unlock);
      });
    const linkOf = async (id: number) => (await controller.links()).find((link) => link.master_doc_id === id);
    const change = (id: number, text: string) =>
      generation === 'v3' ? addVersion(master, id, text) : rotate(master, id);
    const allow = (on: boolean) => controller.db.updateTable('replicas').set({ replace_files_on_v2: on }).execute();
    const revisit = () =>
      controller.db
        .updateTable('sync_map')
        .set((eb) => ({ dirty_seq: eb.fn<number>('nextval', [eb.val('dirty_seq')]) }))
        .where('error_code', '=', 'file_changed')
        .execute();
    const endsEqual = async () => {
      const run = await controller.cycle();
      const links = await controller.links();
      expect(links.map((link) => [link.master_doc_id, link.phase, link.error_msg])).toEqual(
        links.map((link) => [link.master_doc_id, 'ok', null]),
      );
      expect(run.outcome).toBe('ok');
      expect(await compareInstances({ master, replica })).toMatchObject({
        equal: true,
        markers: [],
        missing: [],
        extra: [],
        doubled: [],
      });
    };

    const racePoint = async (name: string) => {
      const strike = atPoint.get(name);
      atPoint.delete(name);
      strike?.();
    };

    beforeAll(async () => {
      master = await simulator(generation);
      replica = await simulator('v2');
      for (let n = 1; n <= 3; n += 1) await uploadText(master, `doc-${n}`, { archive_serial_number: n * 11 });
      await master.idle();
      const field = (await ask(master, 'POST', '/api/custom_fields/', { name: 'See', data_type: 'documentlink' })) as {
        id: number;
      };
      await ask(master, 'PATCH', '/api/documents/1/', { custom_fields: [{ field: field.id, value: [2] }] });
      await ask(master, 'POST', '/api/documents/1/notes/', { note: 'paid in full' });
      await master.idle();
      controller = await Controller.start({ master, replicas: { copy: replica }, racePoint });
      await endsEqual();
    });
    afterAll(async () => {
      await controller?.stop();
      await master?.stop();
      await replica?.stop();
    });

    it('is said without the switch, and everything else of the document goes on', async () => {
      await change(1, 'second of one');
      await ask(master, 'PATCH', '/api/documents/1/', { title: 'One, renamed' });
      const run = await controller.cycle();
      const link = await linkOf(1);
      expect({ phase: link?.phase, code: link?.error_code, outcome: run.outcome }).toEqual({
        phase: 'blocked',
        code: 'file_changed',
        outcome: 'partial',
      });
      const copy = (await ask(replica, 'GET', `/api/documents/${link?.replica_doc_id}/`)) as { title: string };
      expect(copy.title).toBe('One, renamed');
    });

    it('is replaced with it: number, notes and links move, and the old copy goes to the trash without a number', async () => {
      const before = await linkOf(1);
      await allow(true);
      await revisit();
      await endsEqual();
      const after = await linkOf(1);
      expect(after?.replica_doc_id).not.toBe(before?.replica_doc_id);
      const rows = await live(replica);
      expect(rows.map((row) => row.archive_serial_number).sort()).toEqual([11, 22, 33]);
      const other = rows.find((row) => row.archive_serial_number === 22);
      expect(other?.custom_fields.map((item) => item.value)).toEqual([[after?.replica_doc_id]]);
      const trash = (await ask(replica, 'GET', '/api/trash/')) as { results: Row[] };
      expect(trash.results.map((row) => [row.id, row.archive_serial_number])).toEqual([[before?.replica_doc_id, null]]);
    });

    it('whose former bytes come back is taken from the trash, since the replica takes no bytes twice', async () => {
      if (generation === 'v2') return;
      const before = await linkOf(1);
      const newest = (await filesOf(master, 1)).at(-1);
      await deleteVersion(master, 1, newest?.id ?? 0);
      await endsEqual();
      const after = await linkOf(1);
      expect(after?.replica_doc_id).toBeLessThan(before?.replica_doc_id ?? 0);
      await addVersion(master, 1, 'third of one');
      await endsEqual();
      expect((await live(replica)).map((row) => row.archive_serial_number).sort()).toEqual([11, 22, 33]);
    });

    it.each([
      ['an error', () => atRestore('locked')],
      ['nothing, though it was done', () => atRestore('silent')],
    ])('whose former bytes come back is taken from the trash although that was answered with %s', async (_, arm) => {
      if (generation === 'v2') return;
      const newest = (await filesOf(master, 1)).at(-1);
      await deleteVersion(master, 1, newest?.id ?? 0);
      arm();
      await waitFor('the document to be green', async () => {
        await controller.cycle();
        return (await linkOf(1))?.phase === 'ok';
      });
      expect(atPoint.size).toBe(0);
      await addVersion(master, 1, `once more after ${_}`);
      await endsEqual();
    });

    it('is replaced although an upload of an older file came late and holds the reserved number', async () => {
      if (generation === 'v2') return;
      await addVersion(master, 3, 'second of three');
      await endsEqual();
      const trash = (await ask(replica, 'GET', '/api/trash/')) as { results: Row[] };
      await ask(replica, 'POST', '/api/trash/', { action: 'empty', documents: trash.results.map(({ id }) => id) });
      atPoint.set('replace.r1.after', () => {
        addDocument(replica, {
          text: 'The text of doc-3, which no other one has.\n',
          title: 'pngx.c0ffee00.m3.a1',
          asn: 2_000_000_003,
        });
      });
      await addVersion(master, 3, 'third of three');
      await controller.cycle();
      expect(atPoint.size).toBe(0);
      await endsEqual();
      expect(controller.logs.filter((line) => line.code === 'surplus_removed')).toHaveLength(1);
      expect((await controller.replica('copy')).uploads_held).toBeNull();
    });

    it('is replaced although the copy still bore the number reserved for its upload when it changed', async () => {
      await uploadText(master, 'doc-4', { archive_serial_number: 44 });
      await master.idle();
      let unlock: () => void = () => undefined;
      atPoint.set('claim.after', () => {
        unlock = lockDatabase(replica);
      });
      await controller.cycle();
      unlock();
      const link = (await controller.links()).at(-1);
      const copy = (await live(replica)).find((row) => row.id === link?.replica_doc_id);
      expect(copy?.archive_serial_number).toBe(2_000_000_000 + (link?.master_doc_id ?? 0));
      await change(link?.master_doc_id ?? 0, 'second of four');
      await endsEqual();
      expect((await linkOf(link?.master_doc_id ?? 0))?.replica_doc_id).not.toBe(copy?.id);
    });

    it('that was changed on the replica is put back, and the edit is recorded', async () => {
      const link = await linkOf(2);
      await rotate(replica, link?.replica_doc_id ?? 0);
      await ask(master, 'PATCH', '/api/documents/2/', { title: 'Two, renamed' });
      await endsEqual();
      expect((await linkOf(2))?.replica_doc_id).not.toBe(link?.replica_doc_id);
      const edits = await controller.db.selectFrom('conflicts').selectAll().where('field', '=', 'file').execute();
      expect(edits).toMatchObject([{ master_doc_id: 2, state: 'overwritten' }]);
    });
  });
