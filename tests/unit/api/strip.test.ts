import { describe, expect, it } from 'vitest';
import { nextStep } from '../../../services/api/presenters/next-step.ts';
import { ratePerMinute } from '../../../services/api/presenters/dashboard.ts';
import { phasesOf } from '../../../services/api/presenters/run-detail.ts';
import { STRIP_DAYS, stripOf } from '../../../services/api/presenters/strip.ts';

const NOW = new Date('2026-03-30T00:30:00Z');
const day = (text: string, more: object) => ({
  replica_id: 1,
  day: text,
  runs: 1,
  ok: 0,
  partial: 0,
  failed: 0,
  documents: 0,
  longest_gap: null,
  ...more,
});

describe('thirty days of a replica', () => {
  const rows = [
    day('2026-03-25', { ok: 2, documents: 5 }),
    day('2026-03-26', { ok: 2 }),
    day('2026-03-27', { failed: 1 }),
    day('2026-03-28', { failed: 1, ok: 1 }),
  ];
  const strip = stripOf(rows, { id: 1, created_at: new Date('2026-03-25T09:00:00Z') }, NOW, 'Europe/Berlin');

  it('are that many different days up to today, over a change of the clocks too', () => {
    expect(strip).toHaveLength(STRIP_DAYS);
    expect(new Set(strip.map(({ day: one }) => one)).size).toBe(STRIP_DAYS);
    expect(strip.at(-1)?.day).toBe('2026-03-30');
  });

  it('tell complete from quiet, failed from partly failed, and a day without a cycle from one before the replica', () => {
    const kinds = Object.fromEntries(strip.map(({ day: one, kind }) => [one.slice(5), kind]));
    expect(kinds).toMatchObject({ '03-24': 'before', '03-25': 'ok', '03-26': 'quiet', '03-27': 'failed' });
    expect(kinds).toMatchObject({ '03-28': 'partial', '03-29': 'overdue', '03-30': 'open' });
  });
});

describe('the rate of a run', () => {
  const after = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);
  it('is told only once there is enough to judge by', () => {
    expect(ratePerMinute(0, NOW, after(600))).toBe(null);
    expect(ratePerMinute(9, NOW, after(30))).toBe(null);
    expect(ratePerMinute(10, NOW, after(30))).toBe(20);
    expect(ratePerMinute(3, NOW, after(120))).toBe(1.5);
  });
});

describe('the phases of a run', () => {
  it('are past, now and ahead', () => {
    const run = { kind: 'replica', phase: 'planning', finished_at: null } as const;
    expect(phasesOf(run).map(({ state }) => state)).toEqual(['past', 'past', 'now', 'ahead', 'ahead']);
    expect(new Set(phasesOf({ ...run, finished_at: NOW }).map(({ state }) => state))).toEqual(new Set(['past']));
  });
});

describe('what comes next', () => {
  const documents = {
    total: 9,
    ok: 5,
    pending: 0,
    failed: 1,
    given_up: 1,
    blocked: 2,
    excluded: 0,
    held: 0,
    waiting: 0,
  };
  const shown = { id: 7, state: 'needs_you', conflicts: 0, documents } as const;
  const row = {
    enabled: true,
    paused_at: null,
    suspended_at: null,
    uploads_held: null,
    deletions_held: null,
    reconcile_required: null,
    error_code: null,
  };
  const paths = (more: object, state: object = {}) =>
    nextStep({ ...shown, ...state }, { ...row, ...more }).verbs.map(({ path }) => path);

  it.each([
    ['suspended', { suspended_at: NOW }, {}, '/replicas/7/unsuspend'],
    ['disabled', { enabled: false }, {}, '/replicas/7/unsuspend'],
    ['paused', { paused_at: NOW }, {}, '/replicas/7/resume'],
    ['uploads wait', { uploads_held: 'x' }, {}, '/replicas/7/uploads-acknowledge'],
    ['deletions wait', { deletions_held: 'x' }, {}, '/replicas/7/deletions'],
    ['edits wait', {}, { conflicts: 2 }, '/conflicts?replica_id=7&state=open'],
    ['the token is refused', { error_code: 'token_refused' }, {}, '/replicas/7/edit'],
    ['documents failed for good', {}, {}, '/replicas/7/retry-failed'],
    ['it fails', {}, { state: 'failing' }, '/replicas/7/sync'],
    ['it drifted', {}, { state: 'drifted' }, '/replicas/7/findings?state=open'],
  ])('has the fitting button when %s', (_name, more, state, path) => expect(paths(more, state)).toContain(path));

  it('has a sentence for every state', () => {
    for (const state of ['verified', 'up_to_date', 'syncing', 'behind', 'late', 'resting', 'never_run'] as const)
      expect(nextStep({ ...shown, state }, row).next).toMatch(/\.$/);
  });
});
