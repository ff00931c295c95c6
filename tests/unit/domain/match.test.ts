import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseCopy, type Candidate, type MatchTarget } from '../../../shared/domain/match.ts';

const BASE = 2_000_000_000;
const target: MatchTarget = {
  masterDocId: 7,
  title: 'Invoice',
  created: '2024-01-01',
  asn: 12,
  reservedAsn: BASE + 7,
};
const candidate = (id: number, over: Partial<Candidate> = {}): Candidate => ({
  id,
  title: 'other',
  created: '2020-01-01',
  added: '2024-01-01T00:00:00Z',
  asn: null,
  ...over,
});
const choose = (candidates: Candidate[], owned: number[] = []) =>
  chooseCopy(target, candidates, new Set(owned), BASE)?.id ?? null;

describe('chooseCopy', () => {
  test('prefers the archive serial number, then title and date, then the lowest id', () => {
    const byAsn = candidate(30, { asn: 12 });
    const byTitle = candidate(20, { title: 'Invoice', created: '2024-01-01' });
    expect(choose([candidate(10), byTitle, byAsn])).toBe(30);
    expect(choose([candidate(10), byTitle])).toBe(20);
    expect(choose([candidate(11), candidate(10)])).toBe(10);
  });

  test('does not take a missing number on both sides for an agreement', () => {
    const chosen = chooseCopy(
      { ...target, asn: null },
      [candidate(1), candidate(2, { title: 'Invoice', created: '2024-01-01' })],
      new Set(),
      BASE,
    );
    expect(chosen?.id).toBe(2);
  });

  test('leaves what another link owns', () => {
    expect(choose([candidate(10, { asn: 12 })], [10])).toBeNull();
  });

  test.each([
    ['marker title', { title: 'pngx.c0ffee00.m8.a1' }],
    ['reserved number', { asn: BASE + 8 }],
  ])('leaves what bears the %s of another upload', (_, over) => {
    expect(choose([candidate(10, over)])).toBeNull();
  });

  test('takes its own unfinished upload', () => {
    expect(choose([candidate(10, { title: 'pngx.c0ffee00.m7.a1', asn: BASE + 7 })])).toBe(10);
  });

  test('gives twins one copy each, whatever order they come in, as long as there are enough', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 500 }), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.nat(),
        (ids, extra) => {
          const owned = new Set<number>();
          const candidates = ids.map((id) => candidate(id));
          for (let master = 0; master < ids.length + (extra % 3); master += 1) {
            const chosen = chooseCopy(
              { ...target, masterDocId: master, reservedAsn: BASE + master },
              candidates,
              owned,
              BASE,
            );
            expect(chosen === null).toBe(owned.size === ids.length);
            if (chosen) owned.add(chosen.id);
          }
          expect(owned).toEqual(new Set(ids));
        },
      ),
    );
  });
});
