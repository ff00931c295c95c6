import { afterEach, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import type { Controller } from '../../support/controller.ts';
import { ask } from '../../support/paperless-calls.ts';
import { stage, text, writesOf, type Stage } from './support.ts';

let current: Stage | undefined;
afterEach(async () => {
  await current?.close();
  current = undefined;
});

describe.each(['v2', 'v3'] as const)('a %s replica seeded by export and import', (generation) => {
  it('is linked without an upload or a write, its notes are known, and later changes are carried over', async () => {
    current = await stage(generation, generation, async (master, copy) => {
      const tag = (await ask(master, 'POST', '/api/tags/', { name: 'Bills', owner: null, matching_algorithm: 0 })) as {
        id: number;
      };
      master.write(
        Array.from({ length: 30 }, (_, n) =>
          text(`letter ${n}`, { tags: n % 2 ? [tag.id] : [], archiveSerialNumber: n }),
        ),
      );
      await ask(master, 'POST', '/api/documents/3/notes/', { note: 'remember this' });
      if (generation === 'v3') {
        const body = new FormData();
        body.append('document', new Blob(['letter 4, once more\n'], { type: 'text/plain' }), 'letter 4.txt');
        await ask(master, 'POST', '/api/documents/5/update_version/', body);
        await master.idle();
      }
      copy.import(await master.export());
      // What is left of the set-up is none of the controller's requests.
      copy.clearRequests();
    });
    const { controller, copy, master } = current;
    await controller.db.updateTable('replicas').set({ library_proven: true }).execute();
    expect(await current.reconcile()).toMatchObject({ claimed: 30, missing: 0, proposals: 0, extras: 0, foreign: 0 });
    const writes = copy.requests().filter((request) => request.method !== 'GET');
    expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    expect((await controller.links()).filter((link) => link.status !== 'ok')).toEqual([]);
    await ask(master, 'PATCH', '/api/documents/7/', { title: 'Changed after the export' });
    expect((await controller.cycle()).outcome).toBe('ok');
    expect(writesOf(copy)).toEqual(['PATCH /api/documents/7/']);
    expect(copy.store.documents.get(3)?.notes).toHaveLength(1);
    expect(await compareInstances({ master, replica: copy })).toMatchObject({ equal: true, doubled: [] });
  });
});

async function moveMasterTo(controller: Controller, url: string): Promise<void> {
  await controller.db.updateTable('settings').set({ value: url }).where('key', '=', 'master_url').execute();
  await controller.db.updateTable('master_state').set({ unconfirmed: true }).execute();
  await controller.stopWorker();
  await controller.startWorker();
}

describe('a replica seeded by import', () => {
  it('is not taken for its master when the address of the master is changed to it', async () => {
    current = await stage('v3', 'v3', async (master, copy) => {
      master.write([1, 2, 3].map((n) => text(`letter ${n}`, { added: 1_700_000_000_123_456 + n })));
      copy.import(await master.export());
    });
    const { controller, copy } = current;
    await current.reconcile();
    await moveMasterTo(controller, copy.url);
    copy.clearRequests();
    const run = await controller.cycle();
    expect(run).toMatchObject({ outcome: 'failed', error_code: 'identity_cut', error_side: 'master' });
    expect(writesOf(copy)).toEqual([]);
  });

  it('is not taken for its master either when the master itself was imported before', async () => {
    current = await stage('v3', 'v3', async (master, copy) => {
      master.write([1, 2, 3].map((n) => text(`letter ${n}`, { added: 1_700_000_000_123_000 + n * 1000 })));
      copy.import(await master.export());
    });
    const { controller, copy } = current;
    await current.reconcile();
    await moveMasterTo(controller, copy.url);
    const run = await controller.cycle();
    expect(run).toMatchObject({ outcome: 'failed', error_code: 'identity_ambiguous', error_side: 'master' });
  });
});
