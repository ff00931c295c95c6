import { describe, expect, test } from 'vitest';
import type { Library } from '../support/library.ts';
import { pageOf, rowRead } from '../support/shapes.ts';

const READER = ['view_document', 'view_note'];

export function permissionBehaviour(library: Library): void {
  describe('a caller who may not', () => {
    refusedByRight(library);
    hiddenObjects(library);
  });
  describe('owner and permissions', () => {
    ownership(library);
    grants(library);
    refusedGrants(library);
  });
}

function refusedByRight(library: Library): void {
  test('without the right to view, lists are refused with 403 in JSON', async () => {
    const { auth } = await library.account('stranger');
    for (const list of ['documents', 'tags', 'custom_fields', 'users', 'groups', 'tasks', 'ui_settings']) {
      const answer = await library.call(`/api/${list}/`, { auth });
      expect([list, answer.status, answer.json]).toEqual([
        list,
        403,
        { detail: 'You do not have permission to perform this action.' },
      ]);
    }
  });

  test('without the right to add, an upload is refused with 403 as text, not JSON', async () => {
    const { auth } = await library.account('stranger');
    const answer = await library.post({ auth });
    expect([answer.status, answer.text]).toEqual([403, 'Insufficient permissions']);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
  });
}

function hiddenObjects(library: Library): void {
  test('a user who is no superuser can read that of itself: nothing missing is proof then (H4)', async () => {
    const { id, auth } = await library.account('self', ['view_uisettings']);
    const { json } = await library.call('/api/ui_settings/', { auth });
    expect(json).toMatchObject({ user: { id, is_superuser: false, is_staff: false } });
  });

  test("another's document is missing from lists and census without a word, and a 404 by its id", async () => {
    const document = await library.upload();
    const { auth } = await library.account('reader', READER);
    const list = await library.call(`/api/documents/?id__in=${document.id}&fields=id`, { auth });
    expect(pageOf(rowRead).parse(list.json)).toMatchObject({ count: 0, all: [], results: [] });
    const direct = await library.call(`/api/documents/${document.id}/`, { auth });
    expect([direct.status, direct.json]).toEqual([404, { detail: 'No Document matches the given query.' }]);
  });

  test('its files and metadata are refused with 403 as text', async () => {
    const document = await library.upload();
    const { auth } = await library.account('reader', READER);
    for (const part of ['download/?original=true', 'metadata/']) {
      const answer = await library.call(`/api/documents/${document.id}/${part}`, { auth });
      expect([part, answer.status, answer.text]).toEqual([part, 403, 'Insufficient permissions']);
    }
  });

  test('an unowned document is seen by everybody who may view documents', async () => {
    const document = await library.upload();
    await library.patch(document.id, { owner: null });
    const { auth } = await library.account('reader', READER);
    expect((await library.call(`/api/documents/${document.id}/`, { auth })).status).toBe(200);
  });
}

function ownership(library: Library): void {
  test('the uploader owns a document until a PATCH gives it to another user or to nobody', async () => {
    const document = await library.upload();
    expect(document.owner).toBe(library.userId);
    const heir = await library.account('heir');
    expect((await library.patch(document.id, { owner: heir.id })).owner).toBe(heir.id);
    expect((await library.patch(document.id, { owner: null })).owner).toBeNull();
    expect((await library.document(document.id)).owner).toBeNull();
  });

  test('an unknown owner is refused', async () => {
    const document = await library.shared();
    const answer = await library.tryPatch(document.id, { owner: 2_000_000_000 });
    expect([answer.status, answer.json]).toEqual([
      400,
      { owner: ['Invalid pk "2000000000" - object does not exist.'] },
    ]);
  });
}

function grants(library: Library): void {
  test('set_permissions makes every list it names exact', async () => {
    const document = await library.shared();
    const [ann, ben] = [await library.account('ann'), await library.account('ben')];
    const crew = await library.create('groups', { name: library.name('crew'), permissions: [] });
    const wide = { view: { users: [ann.id, ben.id], groups: [crew.id] }, change: { users: [ann.id], groups: [] } };
    const set = await library.patch(document.id, { set_permissions: wide });
    expect(sorted(set.permissions)).toEqual(wide);
    const narrow = { view: { users: [ben.id], groups: [] }, change: { users: [], groups: [] } };
    await library.patch(document.id, { set_permissions: narrow });
    expect((await library.document(document.id)).permissions).toEqual(narrow);
  });

  test('change brings view with it when both are sent', async () => {
    const document = await library.shared();
    const ann = await library.account('ann');
    const sent = { view: { users: [], groups: [] }, change: { users: [ann.id], groups: [] } };
    await library.patch(document.id, { set_permissions: sent });
    expect((await library.document(document.id)).permissions).toEqual({
      view: { users: [ann.id], groups: [] },
      change: { users: [ann.id], groups: [] },
    });
  });

  test('the key permissions is for reading only: sent in a PATCH it changes nothing', async () => {
    const document = await library.shared();
    const ann = await library.account('ann');
    await library.patch(document.id, { permissions: { view: { users: [ann.id], groups: [] } } });
    expect((await library.shared()).permissions).toEqual(document.permissions);
  });
}

function refusedGrants(library: Library): void {
  test('an unknown user or group is refused', async () => {
    const document = await library.shared();
    for (const [member, word] of [
      ['users', 'users'],
      ['groups', 'groups'],
    ] as const) {
      const lists = { users: [], groups: [], [member]: [2_000_000_000] };
      const answer = await library.tryPatch(document.id, { set_permissions: { view: lists } });
      const text = `Some ${word} in don't exist or were specified twice.`;
      expect([answer.status, answer.json]).toEqual([400, { set_permissions: [text] }]);
    }
  });
}

function sorted(permissions: Awaited<ReturnType<Library['document']>>['permissions']) {
  const ascending = (ids: readonly number[] = []) => ids.toSorted((a, b) => a - b);
  return {
    view: { users: ascending(permissions?.view.users), groups: ascending(permissions?.view.groups) },
    change: { users: ascending(permissions?.change.users), groups: ascending(permissions?.change.groups) },
  };
}
