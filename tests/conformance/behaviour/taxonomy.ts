import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Kind, Library } from '../support/library.ts';
import { objectRead, pageOf, permissionsShape } from '../support/shapes.ts';

const KINDS = [
  ['tags', 'tag', {}],
  ['correspondents', 'correspondent', {}],
  ['document_types', 'document type', {}],
  ['storage_paths', 'storage path', { path: '{{ title }}' }],
] as const;

export function taxonomyBehaviour(library: Library): void {
  describe.each(KINDS)('%s', (kind, words, more) => {
    owners(library, kind, more);
    uniqueNames(library, kind, words, more);
    listing(library, kind, more);
  });
  describe('templates of storage paths', () => pathTemplates(library));
}

function owners(library: Library, kind: Kind, more: object): void {
  test('belong to the caller unless owner null is sent', async () => {
    const name = library.name('owned');
    expect(await library.create(kind, { name, ...more })).toMatchObject({ name, owner: library.userId });
    expect(await library.make(kind, 'unowned', { ...more })).toMatchObject({ owner: null });
  });

  test('keep their owner in a PATCH that does not name it, and take set_permissions at once', async () => {
    const friend = await library.account('friend');
    const rights = { view: { users: [friend.id], groups: [] }, change: { users: [], groups: [] } };
    const made = await library.create(kind, {
      name: library.name('shared'),
      owner: friend.id,
      set_permissions: rights,
      ...more,
    });
    await library.call(`/api/${kind}/${made.id}/`, { method: 'PATCH', json: { match: 'word' } });
    const shown = (await library.call(`/api/${kind}/${made.id}/?full_perms=true`)).json;
    const read = z.looseObject({ owner: z.number(), match: z.string(), permissions: permissionsShape }).parse(shown);
    expect(read).toMatchObject({ owner: friend.id, match: 'word', permissions: rights });
  });
}

function uniqueNames(library: Library, kind: Kind, words: string, more: object): void {
  test('refuse the name of an unowned one, whoever is to own the new one', async () => {
    const { name } = await library.make(kind, 'unique', { ...more });
    for (const owner of [{ owner: null }, {}]) {
      const answer = await library.tryCreate(kind, { name, ...owner, ...more });
      expect([answer.status, answer.json]).toEqual([400, { name: [`${words} with this name already exists.`] }]);
    }
  });

  test('refuse a name that the same owner has, in one of two shapes, and allow it unowned', async () => {
    const name = library.name('mine');
    await library.create(kind, { name, ...more });
    const implied = await library.tryCreate(kind, { name, ...more });
    expect([implied.status, implied.json]).toEqual([400, { error: 'Object violates owner / name unique constraint' }]);
    const sent = await library.tryCreate(kind, { name, owner: library.userId, ...more });
    expect([sent.status, sent.json]).toEqual([
      400,
      { non_field_errors: ['The fields name, owner must make a unique set.'] },
    ]);
    expect((await library.tryCreate(kind, { name, owner: null, ...more })).status).toBe(201);
  });

  test('trim the name, refuse a blank one and one of 129 characters', async () => {
    const name = library.name('trimmed');
    expect(await library.create(kind, { name: `  ${name} `, owner: null, ...more })).toMatchObject({ name });
    const blank = await library.tryCreate(kind, { name: ' ', owner: null, ...more });
    expect([blank.status, blank.json]).toEqual([400, { name: ['This field may not be blank.'] }]);
    const long = await library.tryCreate(kind, { name: 'n'.repeat(129), owner: null, ...more });
    expect([long.status, long.json]).toEqual([400, { name: ['Ensure this field has no more than 128 characters.'] }]);
  });
}

function listing(library: Library, kind: Kind, more: object): void {
  test('are found by name__iexact in any case, so that an exact match must follow', async () => {
    const made = await library.make(kind, 'Found', { ...more });
    const answer = await library.call(`/api/${kind}/?name__iexact=${encodeURIComponent(made.name.toUpperCase())}`);
    expect(pageOf(objectRead).parse(answer.json).results).toMatchObject([{ id: made.id, name: made.name }]);
  });

  test('are listed whole in one page', async () => {
    const made = await library.make(kind, 'listed', { ...more });
    const list = pageOf(objectRead).parse((await library.call(`/api/${kind}/?page_size=100000&full_perms=true`)).json);
    expect(list.results).toHaveLength(list.count);
    const found = list.results.find((object) => object.id === made.id);
    expect(found).toMatchObject({
      name: made.name,
      match: '',
      matching_algorithm: 0,
      is_insensitive: true,
      owner: null,
      document_count: 0,
      permissions: { view: { users: [], groups: [] }, change: { users: [], groups: [] } },
    });
  });

  test('are deleted with 204', async () => {
    const made = await library.make(kind, 'deleted', { ...more });
    const answer = await library.call(`/api/${kind}/${made.id}/`, { method: 'DELETE' });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await library.call(`/api/${kind}/${made.id}/`)).status).toBe(404);
  });
}

function pathTemplates(library: Library): void {
  test('are kept to the letter, but for the old single braces, which become double ones', async () => {
    const path = '{{ created_year }}/{% if correspondent %}{{ correspondent }}{% endif %}/{{ title }}';
    expect(await library.make('storage_paths', 'modern', { path })).toMatchObject({ path });
    expect(await library.make('storage_paths', 'old', { path: '{created_year}/{title}' })).toMatchObject({
      path: '{{ created_year }}/{{ title }}',
    });
  });

  test('are required', async () => {
    const answer = await library.tryCreate('storage_paths', { name: library.name('none'), owner: null });
    expect([answer.status, answer.json]).toEqual([400, { path: ['This field is required.'] }]);
  });

  test('that cannot be read are refused', async () => {
    const answer = await library.tryCreate('storage_paths', {
      name: library.name('bad'),
      path: '{{ title',
      owner: null,
    });
    expect([answer.status, answer.json]).toEqual([400, { path: ['Invalid variable detected.'] }]);
  });
}
