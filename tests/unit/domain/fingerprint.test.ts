import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, fingerprint } from '../../../shared/domain/fingerprint.ts';

/** The same value with the keys of every object in another order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reordered(item)]),
  );
}
// A `__proto__` key is no key of any value of ours, and object literals treat it apart.
const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'));

describe('canonicalJson', () => {
  test('is JSON of the same value', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('has one text for one value, whatever the order of the keys', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(reordered(value))).toBe(canonicalJson(value));
      }),
    );
  });

  test('keeps the order of lists, which carries meaning', () => {
    expect(canonicalJson([2, 1])).not.toBe(canonicalJson([1, 2]));
  });

  test('reads a missing value as null', () => {
    expect(canonicalJson(undefined)).toBe('null');
    expect(canonicalJson({ a: undefined })).toBe(canonicalJson({ a: null }));
  });
});

describe('fingerprint', () => {
  test('is short, safe in a URL, and holds nothing of the text', () => {
    const hash = fingerprint('the content of a letter');
    expect(hash).toMatch(/^[\w-]{22}$/);
    expect(hash).not.toContain('letter');
  });

  test('is equal exactly where the canonical texts are', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(fingerprint(a) === fingerprint(b)).toBe(canonicalJson(a) === canonicalJson(b));
      }),
    );
  });
});
