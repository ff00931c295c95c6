import { beforeAll, describe, expect, test } from 'vitest';
import type { Library } from '../support/library.ts';
import { micros } from '../support/values.ts';

const DEAD = {
  custom_fields: [{ non_field_errors: ["Some documents in value don't exist or were specified twice."] }],
};

interface Links {
  readonly field: () => number;
  /** What the field of a document holds: null if the document does not have it. */
  of(id: number): Promise<unknown>;
  set(id: number, targets: readonly number[]): Promise<unknown>;
}

export function documentLinkBehaviour(library: Library): void {
  describe('links between documents', () => {
    let field = 0;
    beforeAll(async () => {
      field = (await library.make('custom_fields', 'see also', { data_type: 'documentlink' })).id;
    });
    const links: Links = {
      field: () => field,
      of: async (id) => (await library.document(id)).custom_fields.find((row) => row.field === field)?.value ?? null,
      set: (id, targets) => library.patch(id, { custom_fields: [{ field, value: targets }] }),
    };
    symmetry(library, links);
    deadLinks(library, links);
    refusals(library, links);
  });
}

function symmetry(library: Library, links: Links): void {
  test('show on both ends, and bump the other end', async () => {
    const [a, b] = [await library.upload(), await library.upload()];
    await links.set(a.id, [b.id]);
    expect([await links.of(a.id), await links.of(b.id)]).toEqual([[b.id], [a.id]]);
    expect(micros((await library.document(b.id)).modified)).toBeGreaterThan(micros(b.modified));
  });

  test('are taken away on both ends, whichever end lets go', async () => {
    const [a, b, c] = [await library.upload(), await library.upload(), await library.upload()];
    await links.set(a.id, [b.id, c.id]);
    await links.set(a.id, [c.id]);
    expect([await links.of(a.id), await links.of(b.id), await links.of(c.id)]).toEqual([[c.id], [], [a.id]]);
    await library.patch(c.id, { custom_fields: [] });
    expect([await links.of(a.id), await links.of(c.id)]).toEqual([[], null]);
  });

  test('gather on a target that several documents name', async () => {
    const [a, b, target] = [await library.upload(), await library.upload(), await library.upload()];
    await links.set(a.id, [target.id]);
    await links.set(b.id, [target.id]);
    expect(await links.of(target.id)).toEqual([a.id, b.id]);
  });
}

function deadLinks(library: Library, links: Links): void {
  test('to a trashed document stay in the value, but no value with them can be written (H27)', async () => {
    const [a, b] = [await library.upload(), await library.upload()];
    await links.set(a.id, [b.id]);
    const { modified } = await library.document(a.id);
    await library.trash(b.id);
    expect(await library.document(a.id)).toMatchObject({
      modified,
      custom_fields: [{ field: links.field(), value: [b.id] }],
    });
    const answer = await library.tryPatch(a.id, { custom_fields: [{ field: links.field(), value: [b.id] }] });
    expect([answer.status, answer.json]).toEqual([400, DEAD]);
    // A PATCH that leaves the fields out still works.
    expect((await library.patch(a.id, { title: library.name('still') })).custom_fields).toHaveLength(1);
  });

  test('come back to life with the restored document, and outlive the purged one', async () => {
    const [a, b] = [await library.upload(), await library.upload()];
    await links.set(a.id, [b.id]);
    await library.trash(b.id);
    await library.trashAction('restore', [b.id]);
    expect([await links.of(a.id), await links.of(b.id)]).toEqual([[b.id], [a.id]]);
    await library.trash(b.id);
    await library.trashAction('empty', [b.id]);
    expect(await links.of(a.id)).toEqual([b.id]);
    expect((await library.tryPatch(a.id, { custom_fields: [{ field: links.field(), value: [b.id] }] })).status).toBe(
      400,
    );
  });
}

function refusals(library: Library, links: Links): void {
  test('to an unknown document, or to one named twice, are refused and nothing of the request is applied', async () => {
    const [a, b] = [await library.upload(), await library.upload()];
    for (const value of [[2_000_000_000], [b.id, b.id]]) {
      const answer = await library.tryPatch(a.id, { title: 'lost', custom_fields: [{ field: links.field(), value }] });
      expect([answer.status, answer.json]).toEqual([400, DEAD]);
    }
    expect(await library.document(a.id)).toMatchObject({ title: a.title, custom_fields: [] });
    expect(await links.of(b.id)).toBeNull();
  });

  test('may be an empty list or null', async () => {
    const { id } = await library.upload();
    await links.set(id, []);
    expect((await library.document(id)).custom_fields).toEqual([{ field: links.field(), value: [] }]);
    await library.patch(id, { custom_fields: [{ field: links.field(), value: null }] });
    expect((await library.document(id)).custom_fields).toEqual([{ field: links.field(), value: null }]);
  });
}
