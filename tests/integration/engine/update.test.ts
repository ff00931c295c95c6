import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { onBothQueues } from '../../support/both-queues.ts';
import { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';

for (const generation of ['v3', 'v2'] as const)
  onBothQueues(`changes on the master, ${generation} replica`, (redisUrl) => {
    let master: Simulator;
    let replica: Simulator;
    let controller: Controller;

    beforeAll(async () => {
      master = await simulator('v3');
      replica = await simulator(generation);
      for (let n = 1; n <= 6; n += 1) await uploadText(master, `doc-${n}`, { archive_serial_number: n * 10 });
      await master.idle();
      controller = await Controller.start({ master, replicas: { copy: replica }, redisUrl: redisUrl() });
      expect((await controller.cycle()).outcome).toBe('ok');
    });
    afterAll(async () => {
      await controller?.stop();
      await master?.stop();
      await replica?.stop();
    });

    const edit = async (id: number, body: Record<string, unknown>) => {
      await ask(master, 'PATCH', `/api/documents/${id}/`, body);
      await master.idle();
    };
    const cycleEndsEqual = async () => {
      replica.clearRequests();
      master.clearRequests();
      const run = await controller.cycle();
      expect(run.outcome).toBe('ok');
      expect(await compareInstances({ master, replica })).toMatchObject({
        equal: true,
        markers: [],
        missing: [],
        extra: [],
        doubled: [],
      });
      return run;
    };
    const documentRequests = (instance: Simulator) =>
      instance
        .requests()
        .filter(
          (request) =>
            /^\/api\/documents\/\d+\//.test(request.path) ||
            (request.method !== 'GET' && request.path.startsWith('/api/documents/')),
        );

    it('carries a new title over with one PATCH and no file transfer', async () => {
      await edit(1, { title: 'Renamed' });
      replica.clearRequests();
      master.clearRequests();
      expect((await controller.cycle()).docs_failed).toBe(0);
      const writes = replica.requests().filter((request) => request.method !== 'GET');
      expect(writes.map((request) => request.method)).toEqual(['PATCH']);
      expect(documentRequests(master).length + documentRequests(replica).length).toBeLessThanOrEqual(4);
      expect(master.requests().some((request) => request.path.endsWith('/download/'))).toBe(false);
      expect(await compareInstances({ master, replica })).toMatchObject({ equal: true });
    });

    it('writes nothing for a document that was saved without a change', async () => {
      await edit(2, {});
      replica.clearRequests();
      await controller.cycle();
      expect(replica.requests().filter((request) => request.method !== 'GET')).toEqual([]);
    });

    it('swaps the archive serial numbers of two documents', async () => {
      await edit(1, { archive_serial_number: null });
      await edit(2, { archive_serial_number: 10 });
      await edit(1, { archive_serial_number: 20 });
      await cycleEndsEqual();
    });

    it('sets and clears fields, tags with parents, owner and permissions', async () => {
      const parent = (await ask(master, 'POST', '/api/tags/', { name: 'Top', owner: null })) as { id: number };
      const child = (await ask(master, 'POST', '/api/tags/', {
        name: 'Below',
        owner: null,
        parent: parent.id,
        is_inbox_tag: true,
      })) as { id: number };
      await edit(3, { tags: [child.id, parent.id], created: '1931-02-03', content: '  other words  ' });
      await cycleEndsEqual();
      await edit(3, { tags: [], owner: null });
      await cycleEndsEqual();
    });

    it('adds notes once, and keeps those that were written on the replica', async () => {
      await ask(master, 'POST', '/api/documents/4/notes/', { note: 'first\nwith a second line' });
      await cycleEndsEqual();
      const [copy] = (await controller.links()).filter((link) => link.master_doc_id === 4);
      await ask(replica, 'POST', `/api/documents/${copy?.replica_doc_id}/notes/`, { note: 'mine' });
      await ask(master, 'POST', '/api/documents/4/notes/', { note: 'second' });
      await cycleEndsEqual();
      const notes = (await ask(replica, 'GET', `/api/documents/${copy?.replica_doc_id}/notes/`)) as { note: string }[];
      expect(notes).toHaveLength(3);
    });

    it('links documents both ways whatever order they come in, and follows a removed link', async () => {
      const field = (await ask(master, 'POST', '/api/custom_fields/', {
        name: 'See also',
        data_type: 'documentlink',
      })) as { id: number };
      await edit(5, { custom_fields: [{ field: field.id, value: [6, 1] }] });
      await edit(6, { custom_fields: [{ field: field.id, value: [5, 1] }] });
      await cycleEndsEqual();
      await edit(5, { custom_fields: [{ field: field.id, value: [] }] });
      await cycleEndsEqual();
    });

    it('uploads what is new and only that', async () => {
      await uploadText(master, 'late', { archive_serial_number: 99 });
      await master.idle();
      await cycleEndsEqual();
      expect(replica.requests().filter((request) => request.path === '/api/documents/post_document/')).toHaveLength(1);
    });

    it('carries a changed file over, or says that it cannot be replaced', async () => {
      const body = new FormData();
      body.append('document', new Blob(['another text altogether\n'], { type: 'text/plain' }), 'doc-6.txt');
      await ask(master, 'POST', '/api/documents/6/update_version/', body);
      await master.idle();
      if (replica.profile === 'v3') return void (await cycleEndsEqual());
      const run = await controller.cycle();
      expect(run.outcome).toBe('partial');
      const link = (await controller.links()).find((candidate) => candidate.master_doc_id === 6);
      expect(link).toMatchObject({ status: 'error', phase: 'blocked', error_code: 'file_changed' });
      expect(link?.error_msg).toContain('replace_files_on_v2');
    });
  });

describe('a surplus copy on the replica', () => {
  it('goes to the trash when it is provably ours, and stays when somebody has written to it', async () => {
    const master = await simulator('v3');
    const replica = await simulator('v3');
    await uploadText(master, 'one');
    await uploadText(master, 'two');
    await master.idle();
    const controller = await Controller.start({ master, replicas: { copy: replica } });
    try {
      await controller.cycle();
      // A message that paperless delivered again long after the copy was finished.
      await uploadText(replica, 'one', { title: 'pngx.c0ffee00.m1.a1', archive_serial_number: 2_000_000_001 });
      await uploadText(replica, 'two', { title: 'pngx.c0ffee00.m2.a1', archive_serial_number: 2_000_000_002 });
      await replica.idle();
      await ask(replica, 'POST', '/api/documents/4/notes/', { note: 'somebody was here' });
      await controller.cycle();
      const live = (await ask(replica, 'GET', '/api/documents/?fields=id,archive_serial_number&ordering=id')) as {
        results: { id: number }[];
      };
      expect(live.results.map((row) => row.id)).toEqual([1, 2, 4]);
      expect(controller.logs.map((line) => line.code)).toEqual(
        expect.arrayContaining(['surplus_removed', 'surplus_unproven']),
      );
    } finally {
      await controller.stop();
      await master.stop();
      await replica.stop();
    }
  });
});
