import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Library } from '../support/library.ts';
import { type Doc, documentShapes, pageOf, rowRead, versionShape } from '../support/shapes.ts';
import { micros, must } from '../support/values.ts';

export function listBehaviour(library: Library): void {
  describe('the list of documents', () => {
    const documents: Doc[] = [];
    const ids = () => documents.map((document) => document.id);
    const mine = () => `id__in=${ids().join(',')}`;
    beforeAll(async () => {
      for (const label of ['Alpha', 'alpha two', 'Gamma']) {
        documents.push(await library.upload({ title: library.name(label), created: '2021-03-04', asn: library.asn() }));
      }
    });
    rowShapes(library, mine);
    paging(library, mine, ids);
    feed(library, documents, mine);
    filters(library, documents, mine, ids);
    looseFilters(library, mine, ids);
  });
}

function rowShapes(library: Library, mine: () => string): void {
  const shapes = documentShapes[library.generation];
  const listOf = async (query: string) => (await library.call(`/api/documents/?${query}`)).json;

  test('a row has exactly the known members', async () => {
    expect(pageOf(shapes.plain).safeParse(await listOf(mine())).error).toBeUndefined();
  });

  test('full_perms=true gives the permissions in place of what the caller may do', async () => {
    expect(pageOf(shapes.fullPerms).safeParse(await listOf(`${mine()}&full_perms=true`)).error).toBeUndefined();
  });

  test('fields names the members to give, and unknown names are passed over', async () => {
    const rows = await library.rows(`${mine()}&fields=id,modified,nonsense`);
    for (const row of rows) expect(Object.keys(row).sort()).toEqual(['id', 'modified']);
  });

  if (library.generation === 3) {
    test('fields=id,modified,versions brings the checksum of every file in one call', async () => {
      const row = z.object({ id: z.number(), versions: z.array(versionShape) });
      const list = pageOf(row).parse(await listOf(`${mine()}&fields=id,modified,versions`));
      for (const { id, versions } of list.results) {
        expect(versions).toMatchObject([{ id, is_root: true, version_label: null }]);
      }
    });
  }
}

function paging(library: Library, mine: () => string, ids: () => number[]): void {
  test('page_size=1 gives one row, the count of all, and in version 9 the ids of all', async () => {
    const list = pageOf(rowRead).parse(
      (await library.call(`/api/documents/?${mine()}&ordering=id&page_size=1&fields=id`)).json,
    );
    expect(list).toMatchObject({ count: 3, previous: null, all: ids(), results: [{ id: ids()[0] }] });
    expect(list.next).toContain('page=2');
  });

  if (library.generation === 3) {
    test('version 10 leaves the ids of all out', async () => {
      const answer = await library.call(`/api/documents/?${mine()}&page_size=1&fields=id`, { api: 10 });
      expect(Object.keys(z.looseObject({}).parse(answer.json)).sort()).toEqual([
        'count',
        'next',
        'previous',
        'results',
      ]);
    });
  }

  test('the census of the whole library is one request', async () => {
    const list = pageOf(rowRead).parse((await library.call('/api/documents/?page_size=1&fields=id')).json);
    expect(list.all).toHaveLength(list.count);
    expect(list.all).toEqual(expect.arrayContaining(ids()));
  });

  test('an oversized page is cut to what there is, and page 0 is refused', async () => {
    expect(await library.rows(`${mine()}&page_size=100000&fields=id`)).toHaveLength(3);
    const answer = await library.call('/api/documents/?page=0');
    expect([answer.status, answer.json]).toEqual([404, { detail: 'Invalid page.' }]);
  });
}

function feed(library: Library, documents: readonly Doc[], mine: () => string): void {
  const later = (modified: string, query = '') =>
    library.ids(`${mine()}&ordering=modified,id&modified__gte=${encodeURIComponent(modified)}${query}`);

  test('a PATCH sets modified and moves the document to the end of ordering=modified,id', async () => {
    const first = must(documents[0]);
    const before = must((await library.rows(`id__in=${first.id}&fields=id,modified`))[0]).modified ?? '';
    const patched = await library.patch(first.id, { title: `${first.title} again` });
    expect(micros(patched.modified)).toBeGreaterThan(micros(before));
    expect((await library.ids(`${mine()}&ordering=modified,id`)).at(-1)).toBe(first.id);
  });

  test('modified__gte is exact to the microsecond and takes the raw value back', async () => {
    const rows = await library.rows(`${mine()}&ordering=modified,id&fields=id,modified`);
    const [, middle, last] = rows.map(must);
    expect(await later(must(middle).modified ?? '')).toEqual([must(middle).id, must(last).id]);
    const above = new Date(Math.floor(micros(must(middle).modified ?? '') / 1000)).toISOString().slice(0, -1);
    const fraction = String((micros(must(middle).modified ?? '') % 1000) + 1).padStart(3, '0');
    // One microsecond later, except where that would carry into the milliseconds.
    if (fraction.length === 3) expect(await later(`${above}${fraction}Z`)).toEqual([must(last).id]);
  });

  test('the keyset walk meets every document though pages hold but one', async () => {
    const seen = new Set<number>();
    let cursor = '2000-01-01T00:00:00Z';
    for (let size = 1; seen.size < 3 && size <= 4; ) {
      const rows = await library.rows(
        `${mine()}&ordering=modified,id&fields=id,modified&page_size=${size}` +
          `&modified__gte=${encodeURIComponent(cursor)}`,
      );
      for (const row of rows) seen.add(row.id);
      const end = must(rows.at(-1)).modified ?? '';
      size = micros(end) > micros(cursor) && size > 1 ? 1 : size + 1;
      cursor = end;
    }
    expect([...seen].sort((a, b) => a - b)).toEqual(documents.map((document) => document.id));
  });
}

function filters(library: Library, documents: readonly Doc[], mine: () => string, ids: () => number[]): void {
  test('title__iexact and title__istartswith find a marker in any letter case', async () => {
    const marker = `pngx.${library.run}.m7.a1`;
    const document = await library.upload({ title: marker });
    expect(await library.ids(`title__iexact=${marker.toUpperCase()}`)).toEqual([document.id]);
    expect(await library.ids(`title__istartswith=pngx.${library.run}.`)).toEqual([document.id]);
    expect(await library.ids(`title__iexact=pngx.${library.run}.m7.a2`)).toEqual([]);
  });

  test('the archive serial number is found exactly and from a number on', async () => {
    const [first, second, third] = documents.map((document) => document.archive_serial_number);
    expect(await library.ids(`archive_serial_number=${second}`)).toEqual([ids()[1]]);
    expect(await library.ids(`${mine()}&archive_serial_number__gte=${second}&ordering=id`)).toEqual(ids().slice(1));
    expect(await library.ids(`${mine()}&archive_serial_number__gte=${(third ?? 0) + 1}`)).toEqual([]);
    expect(
      await library.ids(`${mine()}&archive_serial_number__gte=${first}&archive_serial_number__isnull=true`),
    ).toEqual([]);
  });

  test('checksum__iexact finds the original file by its hash in any letter case', async () => {
    const file = library.text('hashed');
    const document = await library.upload({ file });
    const checksum = library.checksum(file.bytes);
    expect(await library.ids(`checksum__iexact=${checksum}`)).toEqual([document.id]);
    expect(await library.ids(`checksum__iexact=${checksum.toUpperCase()}`)).toEqual([document.id]);
    expect(await library.ids(`checksum__iexact=${checksum.replace(/^./, 'g')}`)).toEqual([]);
  });

  test('added__gte takes the raw value of a document back', async () => {
    const added = encodeURIComponent(must(documents[1]).added);
    expect(await library.ids(`${mine()}&added__gte=${added}&ordering=id`)).toEqual(ids().slice(1));
  });
}

function looseFilters(library: Library, mine: () => string, ids: () => number[]): void {
  test.each(['nonsense=1', 'title=Alpha', 'id__gt=2000000000', 'modified=2000-01-01', 'archive_serial_number__gte='])(
    'the filter %s is passed over without a word',
    async (query) => {
      expect(await library.ids(`${mine()}&${query}&ordering=id`)).toEqual(ids());
    },
  );

  test.each([
    ['modified__gte=yesterday', { modified__gte: ['Enter a valid date/time.'] }],
    ['archive_serial_number__gte=x', { archive_serial_number__gte: ['Enter a number.'] }],
    ['id=x', { id: ['Enter a number.'] }],
  ])('the value of %s is refused', async (query, errors) => {
    const answer = await library.call(`/api/documents/?${query}`);
    expect([answer.status, answer.json]).toEqual([400, errors]);
  });

  test('a time whose plus sign was not escaped is refused, not misread', async () => {
    const answer = await library.call('/api/documents/?modified__gte=2024-01-01T00:00:00+00:00');
    expect(answer.status).toBe(400);
  });
}
