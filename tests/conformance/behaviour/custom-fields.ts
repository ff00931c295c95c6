import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Library } from '../support/library.ts';
import { pageOf } from '../support/shapes.ts';
import { eventually } from '../support/wait.ts';

const fieldShape = z.looseObject({
  id: z.number().int(),
  name: z.string(),
  data_type: z.string(),
  extra_data: z.unknown(),
});
const OPEN = { label: 'Open', id: 'opt-open-000001' };
const CLOSED = { label: 'Closed', id: 'opt-closed-00002' };

/** [type, value sent, value read back]; monetary values are text on the way back (paperless-api.md 10.6). */
const VALUES: readonly (readonly [string, unknown, unknown])[] = [
  ['string', ' kept blanks ', ' kept blanks '],
  ['string', '', ''],
  ['longtext', 'line one\nline two\n', 'line one\nline two\n'],
  ['url', 'https://example.org/a?b=c#d', 'https://example.org/a?b=c#d'],
  ['url', '', ''],
  ['date', '1969-07-20', '1969-07-20'],
  ['boolean', true, true],
  ['boolean', false, false],
  ['integer', -2147483648, -2147483648],
  ['integer', 2147483647, 2147483647],
  ['float', 0.1, 0.1],
  ['float', -3, -3],
  ['monetary', 'EUR11.10', 'EUR11.10'],
  ['monetary', 'USD-0.50', 'USD-0.50'],
  ['monetary', '1.00', '1.00'],
  ['monetary', 11.1, '11.1'],
];

export function customFieldBehaviour(library: Library): void {
  describe('custom fields', () => {
    definitions(library);
    selectOptions(library);
  });
  describe('custom field values', () => {
    scalarValues(library);
    selectValues(library);
    refusedValues(library);
    wholeSets(library);
  });
}

const put = (library: Library, id: number, field: number, value: unknown) =>
  library.patch(id, { custom_fields: [{ field, value }] });

function definitions(library: Library): void {
  test('are a paged list with their type and extra data', async () => {
    const field = await library.make('custom_fields', 'cash', {
      data_type: 'monetary',
      extra_data: { default_currency: 'CHF' },
    });
    const list = pageOf(fieldShape).parse((await library.call('/api/custom_fields/?page_size=100000')).json);
    expect(list.results).toHaveLength(list.count);
    expect(list.results.find((row) => row.id === field.id)).toMatchObject({
      name: field.name,
      data_type: 'monetary',
      extra_data: { default_currency: 'CHF' },
    });
  });

  test('refuse a name that is taken, and allow it in another case', async () => {
    const { name } = await library.make('custom_fields', 'Named', { data_type: 'string' });
    const again = await library.tryCreate('custom_fields', { name, data_type: 'integer' });
    expect([again.status, again.json]).toEqual([400, { name: ['custom field with this name already exists.'] }]);
    expect((await library.tryCreate('custom_fields', { name: name.toUpperCase(), data_type: 'string' })).status).toBe(
      201,
    );
  });

  test('refuse an unknown type', async () => {
    const answer = await library.tryCreate('custom_fields', { name: library.name('odd'), data_type: 'colour' });
    expect([answer.status, answer.json]).toEqual([400, { data_type: ['"colour" is not a valid choice.'] }]);
  });
}

function selectOptions(library: Library): void {
  const make = (options: unknown) =>
    library.make('custom_fields', 'select', { data_type: 'select', extra_data: { select_options: options } });

  test('keep the option ids that are sent and make up only missing ones', async () => {
    const field = fieldShape.parse(await make([OPEN, CLOSED, { label: 'Third' }]));
    expect(field.extra_data).toEqual({
      select_options: [OPEN, CLOSED, { label: 'Third', id: expect.stringMatching(/^[A-Za-z0-9]{16}$/) }],
    });
  });

  test('take a longer list in a PATCH and keep the values of options that stay', async () => {
    const field = await make([OPEN]);
    const { id } = await library.shared();
    await put(library, id, field.id, OPEN.id);
    const json = { extra_data: { select_options: [CLOSED, { ...OPEN, label: 'Opened' }] } };
    const answer = await library.call(`/api/custom_fields/${field.id}/`, { method: 'PATCH', json });
    expect(fieldShape.parse(answer.json).extra_data).toEqual(json.extra_data);
    expect((await library.document(id)).custom_fields).toEqual([{ field: field.id, value: OPEN.id }]);
  });

  test('want the list of options again in every PATCH', async () => {
    const field = await make([OPEN]);
    const json = { name: library.name('renamed') };
    const answer = await library.call(`/api/custom_fields/${field.id}/`, { method: 'PATCH', json });
    expect([answer.status, answer.json]).toEqual([400, { error: ['extra_data.select_options must be a valid list'] }]);
  });

  test('null the values of a removed option in the background', async () => {
    const field = await make([OPEN, CLOSED]);
    const { id } = await library.shared();
    await put(library, id, field.id, OPEN.id);
    const json = { extra_data: { select_options: [CLOSED] } };
    expect((await library.call(`/api/custom_fields/${field.id}/`, { method: 'PATCH', json })).status).toBe(200);
    // Nothing is written to the document meanwhile: such a write may never be answered (H26).
    await eventually('the value of the removed option to be nulled', async () => {
      const [value] = (await library.document(id)).custom_fields;
      return value?.value === null ? true : undefined;
    });
  });
}

function scalarValues(library: Library): void {
  test('of every plain type come back as they went, null included', async () => {
    const fields = new Map<string, number>();
    for (const [type] of VALUES) {
      if (!fields.has(type)) fields.set(type, (await library.make('custom_fields', type, { data_type: type })).id);
    }
    const { id } = await library.shared();
    for (const [type, sent, read] of VALUES) {
      const field = fields.get(type) ?? 0;
      expect((await put(library, id, field, sent)).custom_fields, `${type} ${String(sent)}`).toEqual([
        { field, value: read },
      ]);
    }
    for (const field of fields.values()) {
      expect((await put(library, id, field, null)).custom_fields).toEqual([{ field, value: null }]);
    }
  });
}

function selectValues(library: Library): void {
  test('of a select field are option ids; labels, indexes and unknown ids are refused', async () => {
    const extra_data = { select_options: [OPEN, CLOSED] };
    const field = await library.make('custom_fields', 'select', { data_type: 'select', extra_data });
    const { id } = await library.shared();
    for (const value of [OPEN.id, CLOSED.id, null]) {
      expect((await put(library, id, field.id, value)).custom_fields).toEqual([{ field: field.id, value }]);
    }
    for (const value of ['Open', 'opt-nowhere-0000', 0]) {
      expect((await library.tryPatch(id, { custom_fields: [{ field: field.id, value }] })).status).toBe(400);
    }
  });
}

function refusedValues(library: Library): void {
  test.each([
    ['string', 'x'.repeat(129)],
    ['url', 'no url'],
    ['date', '2023-02-29'],
    ['integer', 2147483648],
    ['integer', 'twelve'],
    ['monetary', 'EUR5'],
    ['monetary', 'much'],
  ])('of type %s refuse %j, at the place of the value', async (type, value) => {
    const [good, field] = [
      await library.make('custom_fields', 'good', { data_type: 'string' }),
      await library.make('custom_fields', type, { data_type: type }),
    ];
    const before = await library.shared();
    const custom_fields = [
      { field: good.id, value: 'fine' },
      { field: field.id, value },
    ];
    const answer = await library.tryPatch(before.id, { custom_fields });
    expect([answer.status, answer.json]).toEqual([
      400,
      { custom_fields: [{}, { non_field_errors: expect.any(Array) }] },
    ]);
    expect((await library.shared()).custom_fields).toEqual(before.custom_fields);
  });

  test('of an unknown field are refused', async () => {
    const { id } = await library.shared();
    const answer = await library.tryPatch(id, { custom_fields: [{ field: 2_000_000_000, value: 'x' }] });
    expect([answer.status, answer.json]).toEqual([
      400,
      { custom_fields: [{ field: ['Invalid pk "2000000000" - object does not exist.'] }] },
    ]);
  });
}

function wholeSets(library: Library): void {
  test('are replaced as a whole when the key is there and left alone when it is not', async () => {
    const [a, b] = [
      await library.make('custom_fields', 'a', { data_type: 'string' }),
      await library.make('custom_fields', 'b', { data_type: 'integer' }),
    ];
    const { id } = await library.shared();
    const both = [
      { field: a.id, value: 'one' },
      { field: b.id, value: 1 },
    ];
    expect((await library.patch(id, { custom_fields: both })).custom_fields).toEqual(both);
    expect((await library.patch(id, { title: library.name('untouched') })).custom_fields).toEqual(both);
    const one = [{ field: b.id, value: 2 }];
    expect((await library.patch(id, { custom_fields: one })).custom_fields).toEqual(one);
    expect((await library.patch(id, { custom_fields: [] })).custom_fields).toEqual([]);
  });
}
