import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideDeletions,
  deletionLimit,
  PURGE_AFTER_MS,
  type DeletionBlocks,
  type DeletionCandidate,
  type DeletionRules,
} from '../../../shared/domain/deletion-guard.ts';

const NOW = 1_800_000_000_000;
const FREE: DeletionBlocks = {
  masterSubset: false,
  masterSuspended: false,
  masterDocuments: 100,
  suspects: 0,
  sweeps: 9,
  sweepsNeeded: 0,
  replicaUnconfirmed: false,
};
const RULES: DeletionRules = {
  mode: 'delete',
  now: NOW,
  blocks: FREE,
  held: null,
  limits: { maxPercent: 10, maxCount: 50, copies: 100, recent: 0, approved: 0 },
};

const candidate = (more: Partial<DeletionCandidate> = {}): DeletionCandidate => ({
  linkId: 1,
  masterDocId: 1,
  replicaDocId: 1,
  absence: 'trashed',
  trashedSweeps: 1,
  absentSweeps: 0,
  lastSweepRun: 20,
  newest: false,
  confirmed: false,
  kept: false,
  quarantined: false,
  replacing: false,
  tombstone: null,
  ...more,
});
const inTrash = (trashedAt: number, trashedRun = 10) => ({ id: 1, state: 'trashed', trashedAt, trashedRun });
const action = (one: DeletionCandidate, rules: Partial<DeletionRules> = {}) =>
  decideDeletions([one], { ...RULES, ...rules }).verdicts[0]?.action;

const candidates = fc.array(
  fc.record({
    linkId: fc.nat(10_000),
    masterDocId: fc.nat(10_000),
    replicaDocId: fc.nat(10_000),
    absence: fc.constantFrom('trashed' as const, 'absent' as const),
    trashedSweeps: fc.nat(3),
    absentSweeps: fc.nat(4),
    lastSweepRun: fc.option(fc.nat(40)),
    newest: fc.boolean(),
    confirmed: fc.boolean(),
    kept: fc.boolean(),
    quarantined: fc.boolean(),
    replacing: fc.boolean(),
    tombstone: fc.option(
      fc.record({
        id: fc.nat(100),
        state: fc.constantFrom('planned', 'asn_cleared', 'trashed', 'purge_due'),
        trashedAt: fc.option(fc.integer({ min: NOW - 3 * PURGE_AFTER_MS, max: NOW })),
        trashedRun: fc.option(fc.nat(40)),
      }),
    ),
  }),
  { maxLength: 40 },
);
const rules = fc.record({
  mode: fc.constantFrom('keep' as const, 'trash' as const, 'delete' as const),
  now: fc.constant(NOW),
  held: fc.option(fc.constant('held')),
  blocks: fc.record({
    masterSubset: fc.boolean(),
    masterSuspended: fc.boolean(),
    masterDocuments: fc.nat(3),
    suspects: fc.nat(1),
    sweeps: fc.nat(3),
    sweepsNeeded: fc.nat(3),
    replicaUnconfirmed: fc.boolean(),
  }),
  limits: fc.record({
    maxPercent: fc.nat(100),
    maxCount: fc.nat(60),
    copies: fc.nat(300),
    recent: fc.nat(30),
    approved: fc.nat(30),
  }),
});

/** What a plan really does. */
const carriedOut = (found: readonly DeletionCandidate[], given: DeletionRules) => {
  const { stopped, verdicts } = decideDeletions(found, given);
  return stopped === null ? verdicts.filter(({ action: what }) => what === 'trash' || what === 'purge') : [];
};

describe('the guard of deletions', () => {
  it('never lets more go within its window than the limit, or than a person let go', () => {
    fc.assert(
      fc.property(candidates, rules, (found, given) => {
        const trashed = carriedOut(found, given).filter(({ action: what }) => what === 'trash').length;
        const { limits } = given;
        if (trashed > 0)
          expect(limits.recent + trashed).toBeLessThanOrEqual(Math.max(deletionLimit(limits), limits.approved));
      }),
    );
  });

  it('lets nothing go while anything forbids it, with mode keep, or while it waits for a person', () => {
    fc.assert(
      fc.property(candidates, rules, (found, given) => {
        const { blocks, mode, held } = given;
        const forbidden =
          blocks.masterSubset ||
          blocks.masterSuspended ||
          blocks.masterDocuments === 0 ||
          blocks.suspects > 0 ||
          blocks.sweeps < blocks.sweepsNeeded ||
          blocks.replicaUnconfirmed ||
          held !== null ||
          mode === 'keep';
        if (forbidden) expect(carriedOut(found, given)).toEqual([]);
      }),
    );
  });

  it('purges only with mode delete, after two sweeps without the document, a day and one more sweep in the trash', () => {
    fc.assert(
      fc.property(candidates, rules, (found, given) => {
        for (const { action: what, candidate: one } of carriedOut(found, given)) {
          if (what !== 'purge') continue;
          expect(given.mode).toBe('delete');
          expect(one.absentSweeps).toBeGreaterThanOrEqual(2);
          expect(NOW - (one.tombstone?.trashedAt ?? NOW)).toBeGreaterThanOrEqual(PURGE_AFTER_MS);
          expect(one.lastSweepRun ?? -1).toBeGreaterThan(one.tombstone?.trashedRun ?? 99);
        }
      }),
    );
  });

  it('lets go only what a sweep saw in the trash or two sweeps saw nowhere, never what is kept or in doubt', () => {
    fc.assert(
      fc.property(candidates, rules, (found, given) => {
        for (const { candidate: one } of carriedOut(found, given)) {
          expect(one.kept || one.quarantined || one.replacing).toBe(false);
          expect(one.trashedSweeps > 0 || one.absentSweeps >= 2).toBe(true);
        }
      }),
    );
  });

  it('trips for all or nothing, and says how many would go', () => {
    const many = Array.from({ length: 11 }, (_, n) => candidate({ linkId: n, masterDocId: n }));
    const decision = decideDeletions(many, RULES);
    expect(decision).toMatchObject({ trips: true, wanted: 11, limit: 10 });
    expect(decision.stopped).toContain('11 of 100 copies');
    expect(decideDeletions(many, { ...RULES, limits: { ...RULES.limits, approved: 11 } }).stopped).toBeNull();
    expect(decideDeletions(many.slice(1), { ...RULES, limits: { ...RULES.limits, recent: 1 } }).trips).toBe(true);
    expect(decideDeletions(many.slice(1), RULES)).toMatchObject({ trips: false, stopped: null });
  });

  it('does not trip for what is forbidden anyway', () => {
    const many = Array.from({ length: 11 }, (_, n) => candidate({ linkId: n }));
    expect(decideDeletions(many, { ...RULES, blocks: { ...FREE, masterSubset: true } }).trips).toBe(false);
  });
});

describe('the verdict on one copy', () => {
  it('waits for a sweep in the trash, and for two where the document is nowhere', () => {
    expect(action(candidate({ trashedSweeps: 0 }))).toBe('wait');
    expect(action(candidate())).toBe('trash');
    expect(action(candidate({ absence: 'absent', trashedSweeps: 0, absentSweeps: 1 }))).toBe('wait');
    expect(action(candidate({ absence: 'absent', trashedSweeps: 0, absentSweeps: 2 }))).toBe('trash');
  });

  it('waits for a newer document or a person when the newest vanished', () => {
    const newest = candidate({ absence: 'absent', trashedSweeps: 0, absentSweeps: 5, newest: true });
    expect(action(newest)).toBe('wait');
    expect(action({ ...newest, confirmed: true })).toBe('trash');
  });

  it('releases with mode keep only what is gone from the trash too', () => {
    expect(action(candidate(), { mode: 'keep' })).toBe('keep');
    expect(action(candidate({ absence: 'absent', absentSweeps: 2 }), { mode: 'keep' })).toBe('release');
  });

  it('purges after a day and a later sweep', () => {
    const gone = candidate({ absence: 'absent', absentSweeps: 2, tombstone: inTrash(NOW - PURGE_AFTER_MS) });
    expect(action(gone)).toBe('purge');
    expect(action({ ...gone, tombstone: inTrash(NOW - PURGE_AFTER_MS + 1) })).toBe('wait');
    expect(action({ ...gone, lastSweepRun: 10 })).toBe('wait');
    expect(action({ ...gone, absentSweeps: 1 })).toBe('wait');
    expect(action(gone, { mode: 'trash' })).toBe('keep');
  });
});
