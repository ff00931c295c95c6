import { describe, expect, test } from 'vitest';
import type { Library } from '../support/library.ts';
import { micros } from '../support/values.ts';
import { eventually } from '../support/wait.ts';

/** What PATCH, notes and links do to it is stated where they belong (paperless-api.md 2.6 has the table). */
export function modifiedBehaviour(library: Library): void {
  describe('modified, the trigger of the feed', () => {
    silentChanges(library);
    lateChanges(library);
  });
}

function silentChanges(library: Library): void {
  test('does not move when a tag is renamed or recoloured: nothing in the document changes', async () => {
    const tag = await library.make('tags', 'before');
    const { id } = await library.shared();
    const { modified } = await library.patch(id, { tags: [tag.id] });
    const json = { name: library.name('after'), color: '#112233' };
    expect((await library.call(`/api/tags/${tag.id}/`, { method: 'PATCH', json })).status).toBe(200);
    expect(await library.document(id)).toMatchObject({ modified, tags: [tag.id] });
  });

  test('does not move when a tag, correspondent or type is deleted, though the document loses it', async () => {
    const tag = await library.make('tags', 'doomed');
    const correspondent = await library.make('correspondents', 'doomed');
    const document_type = await library.make('document_types', 'doomed');
    const { id } = await library.shared();
    const refer = { tags: [tag.id], correspondent: correspondent.id, document_type: document_type.id };
    const { modified } = await library.patch(id, refer);
    await library.call(`/api/tags/${tag.id}/`, { method: 'DELETE' });
    await library.call(`/api/correspondents/${correspondent.id}/`, { method: 'DELETE' });
    await library.call(`/api/document_types/${document_type.id}/`, { method: 'DELETE' });
    expect(await library.document(id)).toMatchObject({ modified, tags: [], correspondent: null, document_type: null });
  });

  test('does not move when a custom field is deleted, though its values go', async () => {
    const field = await library.make('custom_fields', 'doomed', { data_type: 'string' });
    const { id } = await library.shared();
    const { modified } = await library.patch(id, { custom_fields: [{ field: field.id, value: 'x' }] });
    await library.call(`/api/custom_fields/${field.id}/`, { method: 'DELETE' });
    expect(await library.document(id)).toMatchObject({ modified, custom_fields: [] });
  });

  test('does not move when the document goes to the trash, and moves when it comes back', async () => {
    const { id, modified } = await library.upload();
    await library.trash(id);
    await library.trashAction('restore', [id]);
    expect(micros((await library.document(id)).modified)).toBeGreaterThan(micros(modified));
  });
}

function lateChanges(library: Library): void {
  const movedOn = (id: number, before: string) =>
    eventually(`modified of document ${id} to move`, async () => {
      const { modified } = await library.document(id);
      return micros(modified) > micros(before) ? modified : undefined;
    });

  test('moves in the background for every document of a storage path that is edited', async () => {
    const path = await library.make('storage_paths', 'edited', { path: `${library.run}/{{ title }}` });
    const { id } = await library.upload();
    const { modified } = await library.patch(id, { storage_path: path.id });
    const json = { path: `${library.run}/other/{{ title }}` };
    expect((await library.call(`/api/storage_paths/${path.id}/`, { method: 'PATCH', json })).status).toBe(200);
    await movedOn(id, modified);
  });

  test('moves in the background for every document of a tag that gets a parent, which they bear at once', async () => {
    const [parent, child] = [await library.make('tags', 'a parent'), await library.make('tags', 'b child')];
    const { id } = await library.upload();
    const { modified } = await library.patch(id, { tags: [child.id] });
    const json = { parent: parent.id };
    expect((await library.call(`/api/tags/${child.id}/`, { method: 'PATCH', json })).status).toBe(200);
    await movedOn(id, modified);
    expect((await library.document(id)).tags).toEqual([parent.id, child.id]);
  });
}
