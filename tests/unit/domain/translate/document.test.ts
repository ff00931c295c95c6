import { describe, expect, test } from 'vitest';
import { tablesFromJson, tablesToJson } from '../../../../shared/domain/translate/tables.ts';
import { translateDocument } from '../../../../shared/domain/translate/index.ts';
import { document, tables } from './support.ts';

describe('translateDocument', () => {
  test('says every reference in the ids of the replica', () => {
    const desired = translateDocument(
      document({ asn: 5, correspondent: 1, documentType: 1, storagePath: 1, tags: [1], owner: 1 }),
      tables(),
    );
    expect(desired).toMatchObject({
      asn: 5,
      correspondent: 101,
      documentType: 101,
      storagePath: 101,
      tags: [101],
      owner: 101,
      reports: [],
    });
  });

  test('sends the ancestors of a tag along, under the tree of the replica', () => {
    expect(translateDocument(document({ tags: [2] }), tables()).tags).toEqual([101, 102]);
  });

  test('trims title and content as paperless will', () => {
    expect(
      translateDocument(document({ title: '\u001c Invoice \n', content: '\ttext\u0085' }), tables()),
    ).toMatchObject({
      title: 'Invoice',
      content: 'text',
    });
  });

  test('leaves out what has no counterpart and says why', () => {
    const unmapped = new Map([['tag:3', '"urgent" exists 2 times on the replica']]);
    const desired = translateDocument(document({ tags: [1, 3], correspondent: 4 }), tables({ unmapped }));
    expect(desired.tags).toEqual([101]);
    expect(desired.correspondent).toBeNull();
    expect(desired.reports).toEqual([
      { field: 'tags', kind: 'rejected', reason: '"urgent" exists 2 times on the replica' },
      { field: 'correspondent', kind: 'rejected', reason: 'correspondent #4 is not on the replica yet' },
    ]);
  });
});

test('the tables survive being kept as JSON with their run', () => {
  expect(tablesFromJson(JSON.parse(JSON.stringify(tablesToJson(tables()))))).toEqual(tables());
});
