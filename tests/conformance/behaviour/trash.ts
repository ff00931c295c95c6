import { describe, expect, test } from 'vitest';
import type { Library } from '../support/library.ts';
import { type Doc, documentRead, pageOf } from '../support/shapes.ts';
import { micros } from '../support/values.ts';

const NOT_TRASHED = { documents: ['Some documents in the list have not yet been deleted.'] };

export function trashBehaviour(library: Library): void {
  describe('the trash', () => {
    leaving(library);
    restoring(library);
    emptying(library);
  });
}

async function trashed(library: Library, id: number): Promise<Doc | undefined> {
  const list = pageOf(documentRead).parse((await library.call('/api/trash/?page_size=100000')).json);
  expect(list.all).toHaveLength(list.count);
  return list.results.find((document) => document.id === id);
}

function leaving(library: Library): void {
  test('takes a deleted document with 204: gone from list, census and its own address', async () => {
    const { id } = await library.upload();
    await library.trash(id);
    expect(await library.ids(`id__in=${id}`)).toEqual([]);
    for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
      const answer = await library.call(
        `/api/documents/${id}/`,
        method === 'PATCH' ? { method, json: {} } : { method },
      );
      expect([method, answer.status, answer.json]).toEqual([
        method,
        404,
        { detail: 'No Document matches the given query.' },
      ]);
    }
  });

  test('lists it with its time of deletion, title, number, tags and added, but without notes and fields', async () => {
    const tag = await library.make('tags', 'kept');
    const field = await library.make('custom_fields', 'hidden', { data_type: 'string' });
    const document = await library.upload({ tags: [tag.id], asn: library.asn(), title: `pngx.${library.run}.m71.a1` });
    await library.patch(document.id, { custom_fields: [{ field: field.id, value: 'x' }] });
    await library.call(`/api/documents/${document.id}/notes/`, { method: 'POST', json: { note: 'hidden' } });
    await library.trash(document.id);
    expect(await trashed(library, document.id)).toMatchObject({
      title: document.title,
      archive_serial_number: document.archive_serial_number,
      original_file_name: document.original_file_name,
      added: document.added,
      tags: [tag.id],
      deleted_at: expect.any(String),
      custom_fields: [],
      notes: [],
    });
  });

  test('is shown to nobody by the fields of the query: they are passed over', async () => {
    const { id } = await library.upload();
    await library.trash(id);
    const answer = await library.call('/api/trash/?fields=id&page_size=1');
    expect(pageOf(documentRead).safeParse(answer.json).success).toBe(true);
  });
}

function restoring(library: Library): void {
  test('gives a document back with id, added, fields and notes, and moves modified', async () => {
    const field = await library.make('custom_fields', 'back', { data_type: 'string' });
    const { id } = await library.upload({ asn: library.asn() });
    await library.call(`/api/documents/${id}/notes/`, { method: 'POST', json: { note: 'kept' } });
    const before = await library.patch(id, { custom_fields: [{ field: field.id, value: 'kept' }] });
    await library.trash(id);
    const answer = await library.trashAction('restore', [id]);
    expect([answer.status, answer.json]).toEqual([200, { result: 'OK', doc_ids: [id] }]);
    const { modified, ...after } = await library.document(id);
    expect(after).toEqual({ ...before, modified: undefined, deleted_at: null });
    expect(micros(modified)).toBeGreaterThan(micros(before.modified));
    expect(await trashed(library, id)).toBeUndefined();
  });

  test('of a living or unknown document is refused, and nothing of the list happens', async () => {
    const [alive, dead] = [await library.upload(), await library.upload()];
    await library.trash(dead.id);
    for (const documents of [[dead.id, alive.id], [2_000_000_000]]) {
      const answer = await library.trashAction('restore', documents);
      expect([answer.status, answer.json]).toEqual([400, NOT_TRASHED]);
    }
    expect(await trashed(library, dead.id)).toBeDefined();
  });
}

function emptying(library: Library): void {
  test('by explicit ids purges these and no others', async () => {
    const [one, other] = [await library.upload(), await library.upload()];
    await library.trash(one.id);
    await library.trash(other.id);
    const answer = await library.trashAction('empty', [one.id]);
    expect([answer.status, answer.json]).toEqual([200, { result: 'OK', doc_ids: [one.id] }]);
    expect(await trashed(library, one.id)).toBeUndefined();
    expect(await trashed(library, other.id)).toBeDefined();
  });

  test('of a living document is refused', async () => {
    const { id } = await library.upload();
    const answer = await library.trashAction('empty', [id]);
    expect([answer.status, answer.json]).toEqual([400, NOT_TRASHED]);
    expect((await library.document(id)).id).toBe(id);
  });

  test('of no documents at all changes nothing', async () => {
    const { id } = await library.upload();
    await library.trash(id);
    for (const action of ['empty', 'restore'] as const) {
      expect((await library.trashAction(action, [])).status).toBe(200);
    }
    expect(await trashed(library, id)).toBeDefined();
  });
}
