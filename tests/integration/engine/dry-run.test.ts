import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../shared/kernel/clock.ts';
import { createReader } from '../../../shared/paperless/reader.ts';
import { parseInstanceUrl } from '../../../shared/paperless/url.ts';
import { ENGINE_TIMINGS } from '../../../shared/replication/deps.ts';
import { loadSettings } from '../../../shared/replication/load-settings.ts';
import { planSync, type SyncPlan } from '../../../shared/replication/plan-sync.ts';
import { Controller, type Instance } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';

function reader({ url, token }: Instance, target: number) {
  const timeouts = { connectMs: 2000, answerMs: 10_000, idleMs: 10_000 };
  const slots = {
    run: <T>(_target: number, work: (signal: AbortSignal) => Promise<T>) => work(new AbortController().signal),
  };
  return createReader({ target, baseUrl: parseInstanceUrl(url), token, timeouts }, { slots, clock: systemClock });
}

async function plan(controller: Controller, master: Instance, replica: Instance, sweep: boolean): Promise<SyncPlan> {
  const { db, secrets } = controller;
  const source = {
    db,
    clock: systemClock,
    timings: ENGINE_TIMINGS,
    settings: () => loadSettings({ db, secrets }),
    reader: reader(master, 0),
    writer: reader(replica, 1),
    signal: new AbortController().signal,
  };
  return planSync(source, await controller.replica('copy'), sweep);
}

/** What the requests of a run did, in the terms of the plan. */
function done(replica: Simulator) {
  const writes = replica.requests().filter((request) => request.method !== 'GET');
  const count = (pattern: RegExp) => writes.filter(({ path }) => pattern.test(path)).length;
  const documents = writes.flatMap(({ path }) => /^\/api\/documents\/(\d+)\//.exec(path)?.[1] ?? []);
  return {
    uploads: count(/\/post_document\//),
    taxonomy: count(/^\/api\/(tags|correspondents|document_types|storage_paths|custom_fields)\//),
    documents: new Set(documents.map(Number)),
  };
}

for (const [from, to] of [
  ['v3', 'v3'],
  ['v2', 'v3'],
  ['v3', 'v2'],
] as const)
  describe(`a dry run, ${from} master and ${to} replica`, () => {
    let master: Simulator;
    let replica: Simulator;
    let controller: Controller;

    beforeAll(async () => {
      master = await simulator(from);
      replica = await simulator(to);
      for (const name of ['Red', 'Blue', 'Old']) await ask(master, 'POST', '/api/tags/', { name, owner: null });
      await ask(master, 'POST', '/api/custom_fields/', { name: 'See also', data_type: 'documentlink' });
      await ask(master, 'POST', '/api/custom_fields/', { name: 'Reference', data_type: 'string' });
      for (let n = 1; n <= 12; n += 1) await uploadText(master, `doc-${n}`, { tags: (n % 3) + 1 });
      await master.idle();
      controller = await Controller.start({ master, replicas: { copy: replica } });
      await controller.cycle();
    });
    afterAll(async () => {
      await controller?.stop();
      await master?.stop();
      await replica?.stop();
    });

    const matches = async (sweep: boolean) => {
      master.clearRequests();
      replica.clearRequests();
      const rows = await controller.links();
      const planned = await plan(controller, master, replica, sweep);
      expect([master, replica].flatMap((side) => side.requests().filter(({ method }) => method !== 'GET'))).toEqual([]);
      expect(await controller.links()).toEqual(rows);
      replica.clearRequests();
      await (sweep ? controller.sweep() : controller.cycle());
      const { uploads, taxonomy, documents } = done(replica);
      expect(uploads).toBe(planned.uploads.length);
      expect(taxonomy).toBe(planned.taxonomy.length);
      const links = await controller.links();
      const sent = new Set(
        links.filter((link) => planned.uploads.includes(link.master_doc_id)).map((link) => link.replica_doc_id),
      );
      const changed = [...documents].filter((id) => !sent.has(id));
      // paperless keeps links on both ends: writing one of them may leave nothing to do at the other.
      const sure = planned.updates.filter(({ fields }) => fields.some(({ field }) => field !== 'document_links'));
      const possible = planned.updates.map((update) => update.replica_doc_id);
      expect(sure.map((update) => update.replica_doc_id).filter((id) => !changed.includes(id))).toEqual([]);
      expect(changed.filter((id) => !possible.includes(id))).toEqual([]);
      return planned;
    };

    it('of libraries in step plans nothing', async () => {
      expect(await matches(true)).toMatchObject({ taxonomy: [], uploads: [], updates: [], returns: [], deletions: [] });
    });

    it('plans what the cycle then does: new documents, changed fields, new and renamed taxonomy', async () => {
      const tag = (await ask(master, 'POST', '/api/tags/', { name: 'Green', owner: null })) as { id: number };
      await ask(master, 'PATCH', '/api/tags/1/', { name: 'Crimson' });
      await ask(master, 'PATCH', '/api/documents/2/', { tags: [tag.id], title: 'Renamed' });
      await ask(master, 'PATCH', '/api/documents/3/', {
        custom_fields: [
          { field: 1, value: [4, 5] },
          { field: 2, value: 'x' },
        ],
      });
      await ask(master, 'POST', '/api/documents/6/notes/', { note: 'remember' });
      await uploadText(master, 'doc-13');
      await master.idle();
      const planned = await matches(false);
      expect(planned.uploads).toHaveLength(1);
      expect(planned.taxonomy).toHaveLength(2);
      expect(planned.updates.find((update) => update.master_doc_id === 2)?.fields.map(({ field }) => field)).toEqual([
        'title',
        'tags',
      ]);
      expect(planned.updates.find((update) => update.master_doc_id === 6)?.fields.map(({ field }) => field)).toEqual([
        'notes',
      ]);
    });

    it('plans what the sweep then does: changes without a trace, and edits on the replica', async () => {
      await controller.db.updateTable('replicas').set({ deletion_mode: 'trash' }).execute();
      await ask(master, 'DELETE', '/api/tags/3/');
      const [link] = await controller.links();
      await ask(replica, 'PATCH', `/api/documents/${link?.replica_doc_id}/`, { title: 'mine' });
      await ask(replica, 'DELETE', `/api/documents/${(await controller.links())[4]?.replica_doc_id}/`);
      await master.idle();
      const planned = await matches(true);
      expect(planned.returns).toHaveLength(1);
      expect(planned.updates.map((update) => update.master_doc_id)).toContain(1);
    });
  });
