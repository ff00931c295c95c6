import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chooseCopy,
  MAX_PROPOSALS,
  pairTwins,
  proposePairs,
  type Candidate,
  type MasterTwin,
  type MatchTarget,
  type Twin,
} from '../../../shared/domain/match.ts';

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

const twin = fc.record({
  asn: fc.option(fc.integer({ min: 1, max: 5 }), { nil: null }),
  titleKey: fc.constantFrom('a', 'b', 'c'),
});
const side = fc.array(twin, { maxLength: 8 }).map((twins) => twins.map((one, index) => ({ ...one, id: index + 1 })));
const masters = side.chain((twins) =>
  fc.tuple(
    ...twins.map((one) =>
      fc.option(fc.integer({ min: 1, max: 8 }), { nil: null }).map((formerId) => ({ ...one, formerId })),
    ),
  ),
);

describe('pairTwins', () => {
  test('pairs as many as both sides have, each at most once, in whatever order they come', () => {
    fc.assert(
      fc.property(masters, side, fc.integer(), (ours, theirs, seed) => {
        const pairs = pairTwins(ours, theirs);
        expect(pairs).toHaveLength(Math.min(ours.length, theirs.length));
        expect(new Set(pairs.map((pair) => pair.masterId)).size).toBe(pairs.length);
        expect(new Set(pairs.map((pair) => pair.copyId)).size).toBe(pairs.length);
        const turned = <T>(items: readonly T[]) => [...items.slice(seed & 7), ...items.slice(0, seed & 7)];
        expect(new Set(pairTwins(turned(ours), turned(theirs)).map((pair) => JSON.stringify(pair)))).toEqual(
          new Set(pairs.map((pair) => JSON.stringify(pair))),
        );
      }),
    );
  });

  test('keeps the former copy before a number, a number before title and date, those before the order of ids', () => {
    const master = (id: number, over: Partial<MasterTwin> = {}): MasterTwin => ({
      id,
      asn: null,
      titleKey: `m${id}`,
      formerId: null,
      ...over,
    });
    const copy = (id: number, over: Partial<Twin> = {}): Twin => ({ id, asn: null, titleKey: `c${id}`, ...over });
    const ours = [master(1), master(2, { titleKey: 't' }), master(3, { asn: 9 }), master(4, { asn: 8, formerId: 14 })];
    const theirs = [
      copy(11, { asn: 8 }),
      copy(12, { titleKey: 't' }),
      copy(13, { asn: 9 }),
      copy(14, { titleKey: 't' }),
    ];
    expect(pairTwins(ours, theirs)).toEqual([
      { masterId: 4, copyId: 14, rule: 'former' },
      { masterId: 3, copyId: 13, rule: 'asn' },
      { masterId: 2, copyId: 12, rule: 'title_created' },
      { masterId: 1, copyId: 11, rule: 'order' },
    ]);
  });
});

describe('proposePairs', () => {
  test('asks about no document of either side more than five times, and never about what was refused', () => {
    const many = (from: number) =>
      Array.from({ length: 30 }, (_, n) => ({ id: from + n, asn: null, titleKey: 't', nameKey: `f${n}` }));
    const pairs = proposePairs(many(1), many(101), (masterId, copyId) => masterId === 1 && copyId === 101);
    for (const key of ['masterId', 'copyId'] as const) {
      const groups = [...Map.groupBy(pairs, (pair) => pair[key]).values()];
      expect(Math.max(...groups.map((group) => group.length))).toBeLessThanOrEqual(MAX_PROPOSALS);
    }
    expect(pairs).not.toContainEqual({ masterId: 1, copyId: 101 });
    expect(pairs).toContainEqual({ masterId: 2, copyId: 102 });
  });
});
