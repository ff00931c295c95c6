import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bearsMark, markedMasterId, markerTitle, MAX_ASN, reservedAsn } from '../../../shared/domain/markers.ts';

const BASE = 2_000_000_000;
const masterId = fc.integer({ min: 1, max: MAX_ASN - BASE });
const controller = fc.stringMatching(/^[0-9a-f]{8}$/);

describe('reservedAsn', () => {
  test('is a function of the master id alone, and different for different ids', () => {
    fc.assert(
      fc.property(masterId, masterId, (a, b) => {
        expect(reservedAsn(BASE, a)).toBe(BASE + a);
        expect(reservedAsn(BASE, a) === reservedAsn(BASE, b)).toBe(a === b);
      }),
    );
  });

  test('ends with the integers of PostgreSQL', () => {
    expect(reservedAsn(BASE, MAX_ASN - BASE)).toBe(MAX_ASN);
    expect(reservedAsn(BASE, MAX_ASN - BASE + 1)).toBeNull();
  });
});

describe('markerTitle', () => {
  test('is read back as the master id it names', () => {
    fc.assert(
      fc.property(controller, masterId, fc.integer({ min: 1, max: 999 }), (ctl, id, k) => {
        expect(markedMasterId(markerTitle(ctl, id, k))).toBe(id);
      }),
    );
  });

  test('holds no brace, which paperless would render, and stays under 64 characters', () => {
    const longest = markerTitle('ffffffff', Number.MAX_SAFE_INTEGER, 999_999);
    expect(longest).not.toMatch(/[{}]/);
    expect(longest.length).toBeLessThan(64);
  });

  test.each([
    'pngx',
    'pngx.c0ffee00.m.a1',
    'pngx.c0ffee00.m5',
    'my pngx.c0ffee00.m5.a1',
    'pngx.c0ffee00.m5.a1 copy',
    'Invoice',
  ])('does not take the title %j for a marker', (title) => {
    expect(markedMasterId(title)).toBeNull();
  });
});

describe('bearsMark', () => {
  test('knows an upload by its reserved number, even when a workflow replaced the title', () => {
    expect(bearsMark({ title: 'Inbox', asn: BASE + 7 }, BASE, 7)).toBe(true);
  });

  test('knows an upload by its title, even when a barcode replaced the number', () => {
    expect(bearsMark({ title: 'pngx.c0ffee00.m7.a2', asn: 12 }, BASE, 7)).toBe(true);
  });

  test('does not take the upload of another master document', () => {
    expect(bearsMark({ title: 'pngx.c0ffee00.m8.a1', asn: BASE + 8 }, BASE, 7)).toBe(false);
  });

  test('does not take a document without a number for an upload that has no reserved number', () => {
    expect(bearsMark({ title: 'Invoice', asn: null }, BASE, MAX_ASN)).toBe(false);
  });
});
