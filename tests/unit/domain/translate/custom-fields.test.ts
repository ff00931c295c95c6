import { describe, expect, test } from 'vitest';
import { idsOf, translateCustomFields } from '../../../../shared/domain/translate/custom-fields.ts';
import { tables } from './support.ts';

const translate = (field: number, value: unknown, over = {}) =>
  translateCustomFields({ customFields: [{ field, value }] }, tables(over));

describe('translateCustomFields', () => {
  test('carries a value over as it is', () => {
    expect(translate(1, 'EUR12.50').values).toEqual([{ field: 101, value: 'EUR12.50' }]);
  });

  test('keeps a field that is on the document without a value', () => {
    expect(translate(2, null)).toMatchObject({ values: [{ field: 102, value: null }], links: [], reports: [] });
  });

  test('says a select option in the id that the replica gave it', () => {
    expect(translate(2, 'a').values).toEqual([{ field: 102, value: 'x' }]);
  });

  test('leaves the field empty, and says so, where the replica has no such option', () => {
    const { values, reports } = translate(2, 'b');
    expect(values).toEqual([{ field: 102, value: null }]);
    expect(reports).toEqual([{ field: 'custom_fields', kind: 'rejected', reason: expect.stringContaining('"state"') }]);
  });

  test('sets document links apart, in the ids of the master', () => {
    expect(translate(3, [4, 5])).toMatchObject({
      values: [],
      links: [{ replicaField: 103, name: 'related', masterTargets: [4, 5] }],
      reports: [],
    });
  });

  test('reports a field that has no counterpart, with the reason where one is known', () => {
    expect(translate(9, 1).reports[0]?.reason).toContain('#9');
    expect(translate(9, 1, { unmapped: new Map([['custom_field:9', 'of another type']]) }).reports[0]?.reason).toBe(
      'of another type',
    );
  });
});

test('the ids of a link value that is missing or odd are none', () => {
  expect(idsOf(null)).toEqual([]);
  expect(idsOf('5')).toEqual([]);
  expect(idsOf([1, '2', null, 3])).toEqual([1, 3]);
});
