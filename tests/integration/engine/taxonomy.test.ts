/** E5: what people do to the vocabulary of a master, and what they do to that of a replica. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../../support/paperless-calls.ts';
import { EQUAL, TaxonomyStage } from './taxonomy-stage.ts';

for (const [from, to] of [
  ['v3', 'v3'],
  ['v2', 'v2'],
  ['v3', 'v2'],
  ['v2', 'v3'],
] as const)
  describe(`the taxonomy of a ${to} replica of a ${from} master`, () => {
    let stage: TaxonomyStage;
    const documents: Record<string, number> = {};
    const ids: Record<string, number> = {};

    beforeAll(async () => {
      stage = await TaxonomyStage.open(from, to);
      const { master } = stage;
      const user = (await ask(master, 'POST', '/api/users/', { username: 'ada' })) as { id: number };
      ids.ada = user.id;
      ids.adaThere = ((await ask(stage.replica, 'POST', '/api/users/', { username: 'ada' })) as { id: number }).id;
      const make = async (kind: Parameters<TaxonomyStage['make']>[1], name: string, body = {}) => {
        ids[name] = (await stage.make(master, kind, { name, ...body })).id;
      };
      await make('tag', 'Top', { color: '#112233' });
      await make('tag', 'Low', { parent: ids.Top, match: 'low', matching_algorithm: 2, is_inbox_tag: true });
      await make('tag', 'Plain');
      await make('correspondent', 'Baker');
      await make('document_type', 'Invoice', { match: 'invoice', matching_algorithm: 1 });
      await make('storage_path', 'Attic', { path: '{{ created_year }}/{{ title }}' });
      const options = ['North', 'South', 'West'].map((label) => ({ id: label.toLowerCase(), label }));
      await make('custom_field', 'Shelf', { data_type: 'select', extra_data: { select_options: options } });
      await make('custom_field', 'Sum', { data_type: 'monetary', extra_data: { default_currency: 'EUR' } });
      const shelf = (value: string) => ({ custom_fields: [{ field: ids.Shelf, value }] });
      documents.low = await stage.document('low', {
        tags: [ids.Top, ids.Low],
        correspondent: ids.Baker,
        ...shelf('north'),
      });
      documents.plain = await stage.document('plain', {
        tags: [ids.Plain],
        storage_path: ids.Attic,
        ...shelf('south'),
      });
      documents.west = await stage.document('west', { document_type: ids.Invoice, ...shelf('west') });
      expect((await stage.cycle()).outcome).toBe('ok');
    });
    afterAll(() => stage?.close());

    const there = (kind: Parameters<TaxonomyStage['named']>[1], name: string) => stage.named(stage.replica, kind, name);
    const cycleEndsEqual = async () => {
      expect((await stage.cycle()).outcome).toBe('ok');
      expect(await stage.equal()).toEqual(EQUAL);
    };

    it('is created with what it says, but files nothing by itself', async () => {
      expect(await stage.equal()).toEqual(EQUAL);
      const [low, top] = [await there('tag', 'Low'), await there('tag', 'Top')];
      expect(low).toMatchObject({
        parent: top.id,
        is_inbox_tag: false,
        matching_algorithm: 0,
        match: 'low',
        owner: null,
      });
      const links = await stage.links();
      expect(links.find(({ name }) => name === 'Low')).toMatchObject({
        createdByUs: true,
        heldBack: { matching_algorithm: 2, is_inbox_tag: true },
      });
    });

    it('costs no write at all where nothing differs, in a cycle and in a sweep', async () => {
      await stage.cycle();
      expect(stage.writes()).toEqual([]);
      await stage.sweep();
      expect(stage.writes()).toEqual([]);
    });

    it('follows names, colours, match texts and the path of a storage path, each with one PATCH and no document touched', async () => {
      await stage.change(stage.master, 'tag', ids.Plain ?? 0, { name: 'Simple', color: '#abcdef' });
      await stage.change(stage.master, 'correspondent', ids.Baker ?? 0, { name: 'Baker & Sons', match: 'bread' });
      await stage.change(stage.master, 'document_type', ids.Invoice ?? 0, { is_insensitive: false });
      const path = (await there('storage_path', 'Attic')).id;
      await stage.change(stage.master, 'storage_path', ids.Attic ?? 0, { path: '{{ title }}' });
      await cycleEndsEqual();
      expect(stage.taxonomyWrites().toSorted()).toEqual(
        [
          `PATCH /api/correspondents/${(await there('correspondent', 'Baker & Sons')).id}/`,
          `PATCH /api/document_types/${(await there('document_type', 'Invoice')).id}/`,
          `PATCH /api/storage_paths/${path}/`,
          `PATCH /api/tags/${(await there('tag', 'Simple')).id}/`,
        ].toSorted(),
      );
      expect(stage.writes()).toEqual(stage.taxonomyWrites());
    });

    it('swaps the names of two tags', async () => {
      const [top, simple] = [await there('tag', 'Top'), await there('tag', 'Simple')];
      await stage.change(stage.master, 'tag', ids.Top ?? 0, { name: 'for a moment' });
      await stage.change(stage.master, 'tag', ids.Plain ?? 0, { name: 'Top' });
      await stage.change(stage.master, 'tag', ids.Top ?? 0, { name: 'Simple' });
      await cycleEndsEqual();
      expect((await there('tag', 'Simple')).id).toBe(top.id);
      expect((await there('tag', 'Top')).id).toBe(simple.id);
    });

    it('follows a tag to another parent, and its documents get the new ancestors', async () => {
      await stage.change(stage.master, 'tag', ids.Plain ?? 0, { parent: ids.Low });
      await cycleEndsEqual();
      const copy = await stage.copyOf(documents.plain ?? 0);
      expect(copy.tags).toHaveLength(3);
      await stage.change(stage.master, 'tag', ids.Plain ?? 0, { parent: null });
      await cycleEndsEqual();
      expect((await there('tag', 'Top')).parent).toBeNull();
    });

    it('follows owner and rights by name', async () => {
      const rights = { view: { users: [ids.ada], groups: [] }, change: { users: [], groups: [] } };
      await stage.change(stage.master, 'correspondent', ids.Baker ?? 0, { owner: ids.ada, set_permissions: rights });
      await cycleEndsEqual();
      expect(await there('correspondent', 'Baker & Sons')).toMatchObject({
        owner: ids.adaThere,
        permissions: { view: { users: [ids.adaThere] } },
      });
    });

    it('follows a field: its name, its currency, options added, renamed and in another order, ids as they are', async () => {
      await stage.change(stage.master, 'custom_field', ids.Sum ?? 0, { extra_data: { default_currency: 'USD' } });
      const own = [{ id: 'own', label: 'Only here' }];
      const before = (await there('custom_field', 'Shelf')) as unknown as {
        id: number;
        extra_data: { select_options: object[] };
      };
      await stage.change(stage.replica, 'custom_field', before.id, {
        extra_data: { select_options: [...own, ...before.extra_data.select_options] },
      });
      await stage.change(stage.master, 'custom_field', ids.Shelf ?? 0, {
        name: 'Rack',
        extra_data: {
          select_options: [
            { id: 'east', label: 'East' },
            { id: 'south', label: 'South' },
            { id: 'north', label: 'Far north' },
            { id: 'west', label: 'West' },
          ],
        },
      });
      expect((await stage.cycle()).outcome).toBe('ok');
      expect(stage.writes()).toHaveLength(2);
      expect(await there('custom_field', 'Rack')).toMatchObject({
        id: before.id,
        extra_data: {
          select_options: [
            { id: 'east', label: 'East' },
            { id: 'south', label: 'South' },
            { id: 'north', label: 'Far north' },
            { id: 'west', label: 'West' },
            { id: 'own', label: 'Only here' },
          ],
        },
      });
      expect((await stage.equal()).differing).toEqual({});
      await stage.cycle();
      expect(stage.writes()).toEqual([]);
    });

    it('takes a removed option away in a sweep only; its documents lose the value', async () => {
      const field = (await stage.named(stage.master, 'custom_field', 'Rack')) as unknown as {
        extra_data: { select_options: { id: string }[] };
      };
      const left = field.extra_data.select_options.filter(({ id }) => id !== 'west');
      await stage.change(stage.master, 'custom_field', ids.Shelf ?? 0, { extra_data: { select_options: left } });
      await stage.cycle();
      expect(stage.taxonomyWrites()).toEqual([]);
      expect((await stage.sweep()).outcome).toBe('ok');
      const options = ((await there('custom_field', 'Rack')) as unknown as typeof field).extra_data.select_options;
      expect(options.map(({ id }) => id)).toEqual(['east', 'south', 'north', 'own']);
      expect(await stage.copyOf(documents.west ?? 0)).toMatchObject({ custom_fields: [{ value: null }] });
      expect((await stage.equal()).differing).toEqual({});
      await stage.sweep();
      expect(stage.writes()).toEqual([]);
    });

    it('is set right where somebody changed it on the replica, and what is only there is left alone', async () => {
      const top = await there('tag', 'Top');
      await stage.make(stage.replica, 'tag', { name: 'Their own' });
      await stage.change(stage.replica, 'tag', top.id, { name: 'Mine now', color: '#000000', matching_algorithm: 1 });
      await cycleEndsEqual();
      expect((await there('tag', 'Top')).id).toBe(top.id);
      expect(await there('tag', 'Their own')).toBeDefined();
    });

    it('is made again where somebody deleted it on the replica, and its documents get it back in the same run', async () => {
      const before = await there('tag', 'Top');
      await stage.remove(stage.replica, 'tag', before.id);
      await cycleEndsEqual();
      expect((await there('tag', 'Top')).id).not.toBe(before.id);
      expect((await stage.copyOf(documents.plain ?? 0)).tags).toContain((await there('tag', 'Top')).id);
    });

    it('restores what was held back by a switch, and holds it back again', async () => {
      await stage.choose({ restore_held_back: true });
      await cycleEndsEqual();
      expect(await there('tag', 'Low')).toMatchObject({ is_inbox_tag: true, matching_algorithm: 2 });
      expect(await there('document_type', 'Invoice')).toMatchObject({ matching_algorithm: 1 });
      await stage.choose({ restore_held_back: false });
      await cycleEndsEqual();
      expect(await there('tag', 'Low')).toMatchObject({ is_inbox_tag: false, matching_algorithm: 0 });
    });

    it('reports a field of another type, and carries the rest of the documents over', async () => {
      await stage.make(stage.replica, 'custom_field', { name: 'Due', data_type: 'string' });
      const due = await stage.make(stage.master, 'custom_field', { name: 'Due', data_type: 'date' });
      const id = await stage.document('due', { custom_fields: [{ field: due.id, value: '2024-01-02' }] });
      expect((await stage.cycle()).outcome).toBe('partial');
      expect(stage.taxonomyWrites()).toEqual([]);
      expect(stage.codes()).toContain('taxonomy_failed');
      expect((await stage.links()).find(({ name }) => name === 'Due')).toMatchObject({
        state: 'failed',
        replicaId: null,
      });
      await stage.edit(id, { custom_fields: [] });
      await stage.remove(stage.master, 'custom_field', due.id);
      await stage.remove(stage.replica, 'custom_field', (await there('custom_field', 'Due')).id);
      await cycleEndsEqual();
    });

    it('never writes to the master', () => {
      expect(stage.masterWrites).toEqual([]);
    });
  });
