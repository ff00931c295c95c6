import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Library } from '../support/library.ts';
import { objectRead, pageOf } from '../support/shapes.ts';

interface Tree {
  top: number;
  middle: number;
  leaf: number;
  lone: number;
}

export function tagBehaviour(library: Library): void {
  describe('the tags of a document are a closed set (H28)', () => {
    const tree: Tree = { top: 0, middle: 0, leaf: 0, lone: 0 };
    beforeAll(async () => {
      tree.top = (await library.make('tags', 'a top')).id;
      tree.middle = (await library.make('tags', 'b middle', { parent: tree.top })).id;
      tree.leaf = (await library.make('tags', 'c leaf', { parent: tree.middle })).id;
      tree.lone = (await library.make('tags', 'd lone')).id;
    });
    closure(library, tree);
    plainSets(library, tree);
  });
  describe('the tree of tags', () => {
    treeShape(library);
    treeLimits(library);
  });
}

function closure(library: Library, tree: Tree): void {
  test('a child brings its ancestors along, at upload and by PATCH', async () => {
    const uploaded = await library.upload({ tags: [tree.leaf] });
    expect(uploaded.tags).toEqual([tree.top, tree.middle, tree.leaf]);
    const { id } = await library.shared();
    await library.patch(id, { tags: [] });
    expect((await library.patch(id, { tags: [tree.leaf] })).tags).toEqual([tree.top, tree.middle, tree.leaf]);
  });

  test('the closure of the wanted tags, sent whole, is exact in one PATCH', async () => {
    const { id } = await library.shared();
    await library.patch(id, { tags: [] });
    await library.patch(id, { tags: [tree.lone] });
    const wanted = [tree.top, tree.middle, tree.leaf];
    expect((await library.patch(id, { tags: wanted })).tags).toEqual(wanted);
    expect((await library.patch(id, { tags: wanted })).tags).toEqual(wanted);
  });

  test('a child sent without the ancestors that the document has goes with them, then comes back', async () => {
    const { id } = await library.shared();
    await library.patch(id, { tags: [] });
    await library.patch(id, { tags: [tree.leaf] });
    expect((await library.patch(id, { tags: [tree.leaf] })).tags).toEqual([]);
    expect((await library.patch(id, { tags: [tree.leaf] })).tags).toEqual([tree.top, tree.middle, tree.leaf]);
  });

  test('an ancestor that is taken away takes its descendants with it', async () => {
    const { id } = await library.shared();
    await library.patch(id, { tags: [] });
    await library.patch(id, { tags: [tree.leaf, tree.lone] });
    expect((await library.patch(id, { tags: [tree.middle, tree.leaf, tree.lone] })).tags).toEqual([tree.lone]);
  });
}

function plainSets(library: Library, tree: Tree): void {
  test('a PATCH replaces the set, repeated ids count once, and an empty list clears it', async () => {
    const { id } = await library.shared();
    expect((await library.patch(id, { tags: [tree.lone, tree.lone] })).tags).toEqual([tree.lone]);
    expect((await library.patch(id, { tags: [] })).tags).toEqual([]);
  });

  test('unknown ids and null are refused', async () => {
    const { id } = await library.shared();
    const unknown = await library.tryPatch(id, { tags: [2_000_000_000] });
    expect([unknown.status, unknown.json]).toEqual([
      400,
      { tags: ['Invalid pk "2000000000" - object does not exist.'] },
    ]);
    expect((await library.tryPatch(id, { tags: null })).status).toBe(400);
  });
}

function treeShape(library: Library): void {
  test('a parent lists its children whole, and the list shows every tag at its top level as well', async () => {
    const parent = await library.make('tags', 'parent', { color: '#AABBcc' });
    const child = await library.make('tags', 'child', { parent: parent.id });
    expect(child).toMatchObject({ parent: parent.id, children: [] });
    const shown = (await library.call(`/api/tags/${parent.id}/`)).json;
    expect(shown).toMatchObject({
      color: '#AABBcc',
      parent: null,
      children: [{ id: child.id, name: child.name, parent: parent.id }],
    });
    const list = pageOf(objectRead).parse((await library.call('/api/tags/?page_size=100000')).json);
    expect(list.results.map((tag) => tag.id)).toEqual(expect.arrayContaining([parent.id, child.id]));
  });
}

function treeLimits(library: Library): void {
  test('a tree is five deep at most', async () => {
    let parent: number | null = null;
    for (let level = 1; level <= 5; level += 1) {
      parent = (await library.make('tags', `level ${level}`, { parent })).id;
    }
    const answer = await library.tryCreate('tags', {
      name: library.name('level 6'),
      parent,
      matching_algorithm: 0,
      owner: null,
    });
    expect([answer.status, answer.json]).toEqual([400, { parent: ['Maximum nesting depth exceeded.'] }]);
  });

  test('a tag cannot stand below itself or below its descendants', async () => {
    const parent = await library.make('tags', 'parent');
    const child = await library.make('tags', 'child', { parent: parent.id });
    const move = async (id: number, to: number) =>
      (await library.call(`/api/tags/${id}/`, { method: 'PATCH', json: { parent: to } })).json;
    expect(await move(parent.id, parent.id)).toEqual({ parent: ['Cannot set itself as parent.'] });
    expect(await move(parent.id, child.id)).toEqual({ parent: ['Cannot set parent to a descendant.'] });
  });

  test('a colour is six digits with a hash', async () => {
    for (const color of ['0011aa', '#abc']) {
      const answer = await library.tryCreate('tags', { name: library.name('colour'), color, owner: null });
      expect([answer.status, answer.json]).toEqual([400, { color: ['Invalid color.'] }]);
    }
  });

  test('taking a parent away leaves it on the documents', async () => {
    const parent = await library.make('tags', 'a parent');
    const child = await library.make('tags', 'b child', { parent: parent.id });
    const { id } = await library.upload({ tags: [child.id] });
    const answer = await library.call(`/api/tags/${child.id}/`, { method: 'PATCH', json: { parent: null } });
    expect(z.looseObject({ parent: z.null() }).safeParse(answer.json).success).toBe(true);
    expect((await library.document(id)).tags).toEqual([parent.id, child.id]);
  });
}
