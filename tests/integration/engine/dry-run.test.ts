import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Controller } from '../../support/controller.ts';
import { plannedAndDone } from '../../support/dry-run.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { PAIRS, playSeed } from './random/play.ts';

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
      const run = () => (sweep ? controller.sweep() : controller.cycle());
      const { planned, problems } = await plannedAndDone({ controller, master, replica }, sweep, run);
      expect(problems).toEqual([]);
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

/** The pair follows from the seed. */
const SEEDS = [200, 202];
const replayed = inject('replaySeed');

describe('a dry run of a random library after random changes on both sides', () => {
  for (const seed of replayed === null ? SEEDS : [replayed])
    it(`plans what is then done, seed ${seed}, ${PAIRS[seed % PAIRS.length]?.join(' to ')}`, async () => {
      const found: string[] = [];
      const { history } = await playSeed(seed, async (sides, sweeps, run) => {
        const { problems } = await plannedAndDone(sides, sweeps, run);
        found.push(...problems);
        return [];
      });
      const story = history.map((line, at) => `${at + 1} ${line}`).join('\n');
      expect(found, `play it again by "-- --seed ${seed}"; this is what happened:\n${story}\n`).toEqual([]);
    }, 120_000);
});
