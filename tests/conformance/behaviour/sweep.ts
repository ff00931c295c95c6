import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { pdfFile } from '../support/files.ts';
import type { Library } from '../support/library.ts';
import { documentRead, type Doc, pageOf } from '../support/shapes.ts';
import { micros } from '../support/values.ts';
import { eventually } from '../support/wait.ts';

/** What comparing everything rests on: lists that say what single reads say, and changes that `modified` does not tell. */
export function sweepBehaviour(library: Library): void {
  describe('a batch of documents', () => batches(library));
  describe('a change that only a sweep finds', () => {
    losses(library);
    rereadings(library);
  });
}

const batch = async (library: Library, ids: readonly number[]): Promise<Doc[]> => {
  const query = `id__in=${ids.join(',')}&full_perms=true&page_size=100`;
  return pageOf(documentRead).parse((await library.call(`/api/documents/?${query}`)).json).results;
};

/** Twins are named where one document is read, not in lists (paperless-api.md 2.7). */
const comparable = ({ duplicate_documents: _twins, ...document }: Doc): unknown => document;

function batches(library: Library): void {
  test('asked by id__in with full permissions says of each what a single read says', async () => {
    const friend = await library.account('reader');
    const tag = await library.make('tags', 'batched');
    const field = await library.make('custom_fields', 'batched', { data_type: 'string' });
    const [plain, rich] = [await library.upload(), await library.upload({ asn: library.asn(), tags: [tag.id] })];
    await library.call(`/api/documents/${rich.id}/notes/`, { method: 'POST', json: { note: 'batched' } });
    await library.patch(rich.id, {
      custom_fields: [{ field: field.id, value: 'x' }],
      content: `${'A long text. '.repeat(200)}end`,
      owner: friend.id,
      set_permissions: { view: { users: [friend.id], groups: [] }, change: { users: [], groups: [] } },
    });
    const rows = await batch(library, [plain.id, rich.id]);
    const single = [await library.document(plain.id), await library.document(rich.id)];
    const byId = (a: Doc, b: Doc) => a.id - b.id;
    expect(rows.toSorted(byId).map(comparable)).toEqual(single.toSorted(byId).map(comparable));
  });

  test('leaves out what is trashed or unknown, and says nothing of it', async () => {
    const [alive, dead] = [await library.upload(), await library.upload()];
    await library.trash(dead.id);
    expect((await batch(library, [alive.id, dead.id, 2_000_000_000])).map(({ id }) => id)).toEqual([alive.id]);
  });
}

function losses(library: Library): void {
  const remove = async (path: string) => expect((await library.call(path, { method: 'DELETE' })).status).toBe(204);

  test('is a user who goes: what was owned is unowned, what was allowed is gone, and notes lose their author', async () => {
    const user = await library.account('leaver', ['add_note', 'view_note', 'change_document', 'view_document']);
    const { id } = await library.shared();
    const rights = { view: { users: [user.id], groups: [] }, change: { users: [user.id], groups: [] } };
    await library.patch(id, { owner: user.id, set_permissions: rights });
    const written = await library.call(`/api/documents/${id}/notes/`, {
      method: 'POST',
      json: { note: 'by somebody who leaves' },
      auth: user.auth,
    });
    expect(written.status, written.text).toBe(200);
    const { modified } = await library.document(id);
    await remove(`/api/users/${user.id}/`);
    const after = await library.document(id);
    const nobody = { users: [], groups: [] };
    expect(after).toMatchObject({ modified, owner: null, permissions: { view: nobody, change: nobody } });
    expect(after.notes.find(({ note }) => note === 'by somebody who leaves')?.user).toBeNull();
  });

  test('is a parent tag that goes: its children go with it, from the documents as well', async () => {
    const parent = await library.make('tags', 'a parent');
    const child = await library.make('tags', 'b child', { parent: parent.id });
    const { id } = await library.shared();
    const { modified } = await library.patch(id, { tags: [parent.id, child.id] });
    await remove(`/api/tags/${parent.id}/`);
    expect((await library.call(`/api/tags/${child.id}/`)).status).toBe(404);
    expect(await library.document(id)).toMatchObject({ modified, tags: [] });
  });

  test('is an option that goes: its values become null, and modified stays', async () => {
    const options = [
      { label: 'Stays', id: 'stays' },
      { label: 'Goes', id: 'goes' },
    ];
    const extra = { data_type: 'select', extra_data: { select_options: options } };
    const field = await library.make('custom_fields', 'pruned', extra);
    const { id } = await library.shared();
    const { modified } = await library.patch(id, { custom_fields: [{ field: field.id, value: 'goes' }] });
    const json = { extra_data: { select_options: options.slice(0, 1) } };
    expect((await library.call(`/api/custom_fields/${field.id}/`, { method: 'PATCH', json })).status).toBe(200);
    const pruned = await eventually('the value to become null', async () => {
      const document = await library.document(id);
      return document.custom_fields.some(({ field: of, value }) => of === field.id && value === null)
        ? document
        : undefined;
    });
    expect(pruned.modified).toBe(modified);
  });

  test('is a custom field that gets another name: documents go on naming it by its id', async () => {
    const field = await library.make('custom_fields', 'old name', { data_type: 'string' });
    const { id } = await library.shared();
    const before = await library.patch(id, { custom_fields: [{ field: field.id, value: 'kept' }] });
    const json = { name: library.name('new name') };
    expect((await library.call(`/api/custom_fields/${field.id}/`, { method: 'PATCH', json })).status).toBe(200);
    expect(await library.document(id)).toMatchObject({
      modified: before.modified,
      custom_fields: before.custom_fields,
    });
  });
}

const ok = z.object({ result: z.literal('OK') });

function rereadings(library: Library): void {
  const bulk = async (ids: readonly number[], method: string, parameters: object) => {
    const json = { documents: ids, method, parameters };
    // On 2.x a bulk change that meets the worker's own write is answered 200 and not done (paperless-api.md 15).
    await eventually(`${method} to be taken`, async () => {
      const answer = await library.call('/api/documents/bulk_edit/', { method: 'POST', json });
      return ok.safeParse(answer.json).success ? true : undefined;
    });
  };
  const checksum = async (id: number) =>
    z.looseObject({ original_checksum: z.string() }).parse((await library.call(`/api/documents/${id}/metadata/`)).json)
      .original_checksum;

  test('is a file that is read again: the text of the file is back, and modified stays', async () => {
    const document = await library.upload();
    const { modified } = await library.patch(document.id, { content: 'Words that stand in no file.' });
    await bulk([document.id], 'reprocess', {});
    const after = await eventually('the text of the file', async () => {
      const read = await library.document(document.id);
      return read.content === 'Words that stand in no file.' ? undefined : read;
    });
    expect(after).toMatchObject({ modified, content: document.content });
  });

  test('is no page that is turned: modified moves, the name stays, and only the checksum tells that the file is another', async () => {
    const text = 'Enough words stand here that nobody has to recognise the letters in a picture of them.';
    const file = pdfFile(`${library.name('turned')}.pdf`, text);
    const before = await library.upload({ file });
    await bulk([before.id], 'rotate', { degrees: 90 });
    await eventually('another file', async () =>
      (await checksum(before.id)) === library.checksum(file.bytes) ? undefined : true,
    );
    const after = await library.document(before.id);
    expect(micros(after.modified)).toBeGreaterThan(micros(before.modified));
    expect(after).toMatchObject({ added: before.added, original_file_name: before.original_file_name });
    expect(after.versions?.map(({ is_root: isRoot }) => isRoot)).toEqual(
      library.generation === 3 ? [false, true] : undefined,
    );
  });
}
