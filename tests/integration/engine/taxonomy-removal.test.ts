/** E5, E4, H4, H16, H26: what is taken away from a replica, and everything that must not be. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../../support/paperless-calls.ts';
import { waitFor } from '../../support/wait.ts';
import { TaxonomyStage } from './taxonomy-stage.ts';

/** There are documents that only the replica has. */
const SAME = { differing: {}, taxonomy: [] };

for (const generation of ['v3', 'v2'] as const)
  describe(`objects deleted on the master, ${generation}`, () => {
    let stage: TaxonomyStage;
    const ids: Record<string, number> = {};
    const documents: number[] = [];

    beforeAll(async () => {
      stage = await TaxonomyStage.open(generation, generation);
      await stage.make(stage.replica, 'correspondent', { name: 'There before us' });
      for (const name of ['Keep', 'Branch', 'Used', 'Free', 'Last'])
        ids[name] = (await stage.make(stage.master, 'tag', { name })).id;
      ids.Leaf = (await stage.make(stage.master, 'tag', { name: 'Leaf', parent: ids.Branch })).id;
      ids.field = (await stage.make(stage.master, 'custom_field', { name: 'Note', data_type: 'string' })).id;
      await stage.make(stage.master, 'custom_field', { name: 'Other', data_type: 'string' });
      await stage.make(stage.master, 'correspondent', { name: 'Other' });
      ids.baker = (await stage.make(stage.master, 'correspondent', { name: 'There before us' })).id;
      const fields = { custom_fields: [{ field: ids.field, value: 'x' }], correspondent: ids.baker };
      documents.push(await stage.document('one', { tags: [ids.Branch, ids.Leaf, ids.Used, ids.Free], ...fields }));
      documents.push(await stage.document('two', { tags: [ids.Keep, ids.Last] }));
      expect((await stage.cycle()).outcome).toBe('ok');
      const used = await stage.named(stage.replica, 'tag', 'Used');
      await stage.foreign('only here', { tags: [used.id] });
      expect((await stage.cycle()).outcome).toBe('ok');
    });
    afterAll(() => stage?.close());

    const names = async (kind: 'tag' | 'correspondent' | 'custom_field') =>
      (await stage.list(stage.replica, kind)).map(({ name }) => name).toSorted();
    const everything = ['Branch', 'Free', 'Keep', 'Last', 'Leaf', 'Used'];

    it('stay on a replica that keeps, in sweeps too; its documents lose them', async () => {
      for (const name of ['Branch', 'Used', 'Free']) await stage.remove(stage.master, 'tag', ids[name] ?? 0);
      await stage.remove(stage.master, 'custom_field', ids.field ?? 0);
      await stage.remove(stage.master, 'correspondent', ids.baker ?? 0);
      await stage.cycle();
      await stage.sweep();
      expect(stage.taxonomyWrites()).toEqual([]);
      expect(await names('tag')).toEqual(everything);
      expect(await stage.copyOf(documents[0] ?? 0)).toMatchObject({ tags: [], custom_fields: [], correspondent: null });
      expect(await stage.equal()).toMatchObject(SAME);
      expect((await stage.links()).filter(({ state }) => state === 'gone')).toHaveLength(6);
    });

    it('stay outside of a sweep, whatever the mode', async () => {
      await stage.choose({ deletion_mode: 'trash' });
      await stage.cycle();
      expect(stage.taxonomyWrites()).toEqual([]);
    });

    it('go in a sweep, leaves first, but for those that were there before us or that a document of the replica uses', async () => {
      expect((await stage.sweep()).outcome).toBe('ok');
      expect(await names('tag')).toEqual(['Keep', 'Last', 'Used']);
      expect(await names('custom_field')).toEqual(['Other']);
      expect(await names('correspondent')).toEqual(['Other', 'There before us']);
      expect(stage.codes()).toContain('taxonomy_kept');
      expect(await stage.equal()).toMatchObject(SAME);
      await stage.sweep();
      expect(stage.writes()).toEqual([]);
    });

    it('are taken up again under their old name, without a second object', async () => {
      const used = await stage.named(stage.replica, 'tag', 'Used');
      const again = await stage.make(stage.master, 'tag', { name: 'Used' });
      await stage.edit(documents[0] ?? 0, { tags: [again.id] });
      await stage.cycle();
      expect(await stage.equal()).toMatchObject(SAME);
      expect((await stage.named(stage.replica, 'tag', 'Used')).id).toBe(used.id);
    });

    it.each(['empty-list', 'forbidden', 'not-acceptable', 'html-login', 'wrong-shape', 'token-demoted'] as const)(
      'a master that answers "%s" deletes nothing',
      async (fault) => {
        const before = await names('tag');
        stage.master.setFault(fault, fault === 'token-demoted' ? {} : { match: { pathPrefix: '/api/tags/' } });
        await stage.sweep();
        stage.master.clearFaults();
        expect(await names('tag')).toEqual(before);
        expect(stage.taxonomyWrites()).toEqual([]);
        expect((await stage.links()).filter(({ state, kind }) => kind === 'tag' && state === 'gone')).toEqual([]);
      },
    );

    it('a whole kind that vanishes is reported by name and nothing of it is taken away', async () => {
      for (const { id } of await stage.list(stage.master, 'tag')) await stage.remove(stage.master, 'tag', id);
      await stage.sweep();
      expect(await names('tag')).toEqual(['Keep', 'Last', 'Used']);
      const said = stage.controller.logs.findLast(({ code }) => code === 'taxonomy_mass_missing');
      expect(said?.message).toMatch(/3 of 3 known tag objects.*"Keep"/);
      expect(stage.masterWrites).toEqual([]);
    });
  });

for (const generation of ['v3', 'v2'] as const)
  describe(`a select option removed on the master, ${generation} replica`, () => {
    const OPTIONS = ['North', 'South'].map((label) => ({ id: label.toLowerCase(), label }));
    const open = async (timings = {}) => {
      const stage = await TaxonomyStage.open('v3', generation, { consumers: 1 }, timings);
      const field = await stage.make(stage.master, 'custom_field', {
        name: 'Shelf',
        data_type: 'select',
        extra_data: { select_options: OPTIONS },
      });
      const id = await stage.document('shelved', { custom_fields: [{ field: field.id, value: 'south' }] });
      expect((await stage.cycle()).outcome).toBe('ok');
      const removeSouth = () =>
        stage.change(stage.master, 'custom_field', field.id, { extra_data: { select_options: OPTIONS.slice(0, 1) } });
      const there = await stage.named(stage.replica, 'custom_field', 'Shelf');
      return { stage, id, removeSouth, there };
    };
    const optionsOf = async (stage: TaxonomyStage) =>
      (
        (await stage.named(stage.replica, 'custom_field', 'Shelf')) as never as {
          extra_data: { select_options: { id: string }[] };
        }
      ).extra_data.select_options.map(({ id }) => id);

    it('no document that used it is written to before the replica has cleared the value', async () => {
      const { stage, id, removeSouth } = await open();
      try {
        const copy = await stage.copyOf(id);
        await removeSouth();
        await stage.edit(id, { title: 'changed at the same time' });
        // The one worker of the replica is busy, so that the clean-up has to wait behind it; a write would hang meanwhile.
        stage.replica.setFault('slow-consumption', { value: 2500, times: 1 });
        stage.replica.setFault('never-answer', {
          value: 'part',
          match: { method: 'PATCH', pathPrefix: `/api/documents/${copy.id}/` },
        });
        const body = new FormData();
        body.append('document', new Blob(['slow\n'], { type: 'text/plain' }), 'slow.txt');
        await ask(stage.replica, 'POST', '/api/documents/post_document/', body);
        const swept = stage.sweep();
        await waitFor('the replica to clear the value', () => {
          const row = stage.replica.store.documents.get(copy.id);
          return row?.customFields[0]?.columns.select === null ? true : undefined;
        });
        stage.replica.clearFaults();
        expect((await swept).outcome).toBe('ok');
        expect(
          stage.writes().filter((write) => write.startsWith(`PATCH /api/documents/${copy.id}/`)).length,
        ).toBeLessThan(3);
        const link = (await stage.controller.links()).find((one) => one.master_doc_id === id);
        expect(link).toMatchObject({ phase: 'ok', hold_until: null });
        expect(await stage.copyOf(id)).toMatchObject({
          title: 'changed at the same time',
          custom_fields: [{ value: null }],
        });
      } finally {
        await stage.close();
      }
    });

    it('a clean-up that the replica has lost holds up no run, and is asked for again by the next one', async () => {
      const { stage, id, removeSouth } = await open({ cleanUpWaitMs: 300 });
      try {
        await removeSouth();
        stage.replica.act('pause-worker');
        expect((await stage.controller.sweep()).outcome).toBe('ok');
        const waiting = (await stage.controller.links()).find((one) => one.master_doc_id === id);
        expect(waiting).toMatchObject({ error_code: 'option_clean_up' });
        stage.replica.act('wipe-queue');
        stage.replica.act('resume-worker');
        await stage.cycle();
        await stage.replica.idle();
        expect((await stage.cycle()).outcome).toBe('ok');
        expect(await stage.copyOf(id)).toMatchObject({ custom_fields: [{ value: null }] });
        expect(await stage.equal()).toMatchObject({ differing: {}, taxonomy: [] });
        const settled = (await stage.controller.links()).find((one) => one.master_doc_id === id);
        expect(settled).toMatchObject({ phase: 'ok', error_code: null });
      } finally {
        await stage.close();
      }
    });

    it('it stays while a document of the replica alone uses it, and while a document is being written', async () => {
      const { stage, removeSouth, there } = await open();
      try {
        const own = await stage.foreign('only here', { custom_fields: [{ field: there.id, value: 'south' }] });
        await removeSouth();
        await stage.sweep();
        expect(await optionsOf(stage)).toEqual(['north', 'south']);
        expect(stage.codes()).toContain('taxonomy_kept');
        await ask(stage.replica, 'PATCH', `/api/documents/${own}/`, { custom_fields: [] });
        await stage.controller.db
          .updateTable('sync_map')
          .set({ plan: JSON.stringify({ title: 'x' }), hold_until: new Date(Date.now() + 3_600_000) })
          .execute();
        await stage.sweep();
        expect(await optionsOf(stage)).toEqual(['north', 'south']);
        expect(stage.codes()).toContain('taxonomy_removal_waits');
        await stage.controller.db.updateTable('sync_map').set({ plan: null, hold_until: null }).execute();
        await stage.sweep();
        expect(await optionsOf(stage)).toEqual(['north']);
        expect(await stage.equal()).toMatchObject({ differing: {}, taxonomy: [] });
      } finally {
        await stage.close();
      }
    });
  });
