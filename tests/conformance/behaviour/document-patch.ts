import { describe, expect, test } from 'vitest';
import type { Library } from '../support/library.ts';
import { documentShapes } from '../support/shapes.ts';
import { micros } from '../support/values.ts';

/** What Python's strip removes and JavaScript's trim does not, or the other way round (paperless-api.md 7). */
const ONLY_PYTHON_TRIMS = '\u001f\u0085';
const ONLY_JAVASCRIPT_TRIMS = '\ufeff';

export function patchBehaviour(library: Library): void {
  describe('a PATCH of a document', () => {
    wholeAnswer(library);
    titles(library);
    contents(library);
    dates(library);
    references(library);
    serialNumbers(library);
  });
}

function wholeAnswer(library: Library): void {
  test('answers with the whole document and its permissions', async () => {
    const { id } = await library.shared();
    const answer = await library.tryPatch(id, { title: library.name('whole') });
    expect(documentShapes[library.generation].fullPerms.safeParse(answer.json).error).toBeUndefined();
  });

  test('leaves alone what it does not name, and moves modified', async () => {
    const tag = await library.make('tags', 'kept');
    const field = await library.make('custom_fields', 'kept', { data_type: 'string' });
    const before = await library.upload({ tags: [tag.id], asn: library.asn() });
    await library.patch(before.id, { custom_fields: [{ field: field.id, value: 'kept' }] });
    const after = await library.patch(before.id, { title: library.name('only the title') });
    expect(after).toMatchObject({
      tags: [tag.id],
      custom_fields: [{ field: field.id, value: 'kept' }],
      archive_serial_number: before.archive_serial_number,
      content: before.content,
      created: before.created,
      added: before.added,
    });
    expect(micros(after.modified)).toBeGreaterThan(micros(before.modified));
  });

  test('of nothing still moves modified, a refused one does not', async () => {
    const { id, modified } = await library.shared();
    expect((await library.tryPatch(id, { title: null })).status).toBe(400);
    expect((await library.document(id)).modified).toBe(modified);
    expect(micros((await library.patch(id, {})).modified)).toBeGreaterThan(micros(modified));
  });

  test('with fields= in the query drops the other fields from the request as well: it must never be sent', async () => {
    const { id, title } = await library.shared();
    const options = { method: 'PATCH', json: { title: library.name('lost') } } as const;
    expect((await library.call(`/api/documents/${id}/?fields=id`, options)).status).toBe(200);
    expect((await library.document(id)).title).toBe(title);
  });
}

function titles(library: Library): void {
  test.each([
    'Total {{ amount }} due',
    '{% raw %} {# half',
    'She said "no" & <b>left</b>',
    "it's 50 % \\ back/slash",
    '\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627',
    '\u{1f600} family: \u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
    'u\u0308ber, decomposed',
  ])('takes the title %j to the letter: no template, no normalisation', async (odd) => {
    const { id } = await library.shared();
    const title = `${library.run} ${odd}`;
    expect((await library.patch(id, { title })).title).toBe(title);
    expect((await library.document(id)).title).toBe(title);
  });

  test('takes a title of 128 characters and refuses 129', async () => {
    const { id } = await library.shared();
    expect((await library.patch(id, { title: '\u{1f600}'.repeat(128) })).title).toBe('\u{1f600}'.repeat(128));
    const answer = await library.tryPatch(id, { title: 'x'.repeat(129) });
    const message = 'Ensure this field has no more than 128 characters.';
    expect([answer.status, answer.json]).toEqual([400, { title: [message] }]);
  });

  test('takes an empty title', async () => {
    const { id } = await library.shared();
    expect((await library.patch(id, { title: '' })).title).toBe('');
  });

  test('trims a title as Python does, not as JavaScript does', async () => {
    const { id } = await library.shared();
    const core = library.name('core');
    expect((await library.patch(id, { title: `\u00a0\u2003${core}\u2028${ONLY_PYTHON_TRIMS} ` })).title).toBe(core);
    const kept = `${ONLY_JAVASCRIPT_TRIMS}${core}\u200b`;
    expect((await library.patch(id, { title: kept })).title).toBe(kept);
  });
}

function contents(library: Library): void {
  test('takes a text of any length, trimmed as Python does, its inner line ends kept', async () => {
    const { id } = await library.shared();
    const core = `first\r\n\r\n  second\t${'long '.repeat(20_000)}end`;
    await library.patch(id, { content: `\n\u00a0 ${core}${ONLY_PYTHON_TRIMS}\n` });
    expect((await library.document(id)).content).toBe(core);
    expect((await library.patch(id, { content: '' })).content).toBe('');
  });

  test('refuses a text with a NUL character, and null', async () => {
    const { id } = await library.shared();
    const nul = await library.tryPatch(id, { content: 'a \u0000 b' });
    expect([nul.status, nul.json]).toEqual([400, { content: ['Null characters are not allowed.'] }]);
    expect((await library.tryPatch(id, { content: null })).status).toBe(400);
  });
}

function dates(library: Library): void {
  test.each(['1969-07-20', '1815-12-10', '2024-02-29'])('takes the bare date %s as created', async (created) => {
    const { id } = await library.shared();
    expect(await library.patch(id, { created })).toMatchObject({ created, created_date: created });
  });

  test('refuses a date that is none', async () => {
    const { id } = await library.shared();
    const answer = await library.tryPatch(id, { created: '2023-02-29' });
    const message = 'Date has wrong format. Use one of these formats instead: YYYY-MM-DD.';
    expect([answer.status, answer.json]).toEqual([400, { created: [message] }]);
  });
}

function references(library: Library): void {
  test('sets correspondent, type and storage path, and clears them with null', async () => {
    const { id } = await library.shared();
    const correspondent = (await library.make('correspondents', 'keeper')).id;
    const document_type = (await library.make('document_types', 'letter')).id;
    const storage_path = (await library.make('storage_paths', 'shelf', { path: `${library.run}/{{ title }}` })).id;
    const all = { correspondent, document_type, storage_path };
    expect(await library.patch(id, all)).toMatchObject(all);
    const none = { correspondent: null, document_type: null, storage_path: null };
    expect(await library.patch(id, none)).toMatchObject(none);
  });

  test('refuses an unknown reference, names every wrong field and changes nothing', async () => {
    const { id, title } = await library.shared();
    const answer = await library.tryPatch(id, { title: 'lost', correspondent: 2_000_000_000, document_type: 'x' });
    expect([answer.status, answer.json]).toEqual([
      400,
      {
        correspondent: ['Invalid pk "2000000000" - object does not exist.'],
        document_type: ['Incorrect type. Expected pk value, received str.'],
      },
    ]);
    expect((await library.document(id)).title).toBe(title);
  });
}

function serialNumbers(library: Library): void {
  const taken = { archive_serial_number: ['document with this archive serial number already exists.'] };
  const inTrash = { archive_serial_number: ['Document with this Archive Serial Number already exists in the trash.'] };

  test('refuses a number that a living document has, and one that a trashed document has', async () => {
    const asn = library.asn();
    const [holder, other] = [await library.upload({ asn }), await library.upload()];
    const first = await library.tryPatch(other.id, { archive_serial_number: asn });
    expect([first.status, first.json]).toEqual([400, taken]);
    await library.trash(holder.id);
    const second = await library.tryPatch(other.id, { archive_serial_number: asn });
    expect([second.status, second.json]).toEqual([400, inTrash]);
  });

  test('takes the own number again', async () => {
    const asn = library.asn();
    const { id } = await library.upload({ asn });
    expect((await library.patch(id, { archive_serial_number: asn })).archive_serial_number).toBe(asn);
  });

  test('swaps two numbers only by way of null', async () => {
    const [x, y] = [library.asn(), library.asn()];
    const [first, second] = [await library.upload({ asn: x }), await library.upload({ asn: y })];
    expect((await library.tryPatch(first.id, { archive_serial_number: y })).status).toBe(400);
    await library.patch(second.id, { archive_serial_number: null });
    await library.patch(first.id, { archive_serial_number: y });
    expect((await library.patch(second.id, { archive_serial_number: x })).archive_serial_number).toBe(x);
  });
}
