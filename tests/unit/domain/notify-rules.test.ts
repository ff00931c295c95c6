import { describe, expect, it } from 'vitest';
import { observe, type AlertFacts, type AlertReplica } from '../../../shared/domain/notify-conditions.ts';
import {
  changesOf,
  digestDue,
  dueOf,
  wants,
  type Condition,
  type OpenAlert,
} from '../../../shared/domain/notify-rules.ts';
import { decideDelivery } from '../../../shared/domain/retry-policy.ts';
import { ERROR_CLASSES } from '../../../shared/kernel/errors.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const ago = (hours: number) => new Date(NOW.getTime() - hours * 3_600_000);
const REPLICA: AlertReplica = {
  ...{ id: 1, name: 'attic', url: 'http://attic.test', resting: false, suspended_at: null, suspended_reason: null },
  ...{ consecutive_failures: 0, error_code: null, error_msg: null, last_sync_ts: ago(0.1), interval_seconds: 900 },
  ...{ deletions_held: null, deletions_held_at: null, dlq: 0, conflicts: 0, drift: 0, run: null },
};
const facts = (replica: Partial<AlertReplica>, more: Partial<AlertFacts> = {}): AlertFacts => ({
  ...{ now: NOW, errorThreshold: 5, scratchFullSince: null, webhookSilentSince: null },
  master: {
    ...{ url: null, error_code: null, error_msg: null },
    suspended_code: null,
    suspended_reason: null,
    suspended_at: null,
  },
  replicas: [{ ...REPLICA, ...replica }],
  ...more,
});
const found = (given: AlertFacts) => observe(given).conditions.map(({ event }) => event);

describe('a trouble', () => {
  it('is none while all is well', () => {
    expect(found(facts({}))).toEqual([]);
  });

  it.each([
    [{ run: { id: 7, docs_failed: 5, docs_synced: 0 } }, 'sync_failures_threshold'],
    [{ suspended_at: ago(1) }, 'replica_suspended'],
    [{ error_code: 'token_refused' }, 'token_refused'],
    [{ last_sync_ts: ago(0.5) }, 'cycle_late'],
    [{ drift: 1 }, 'verification_finding'],
    [{ dlq: 1 }, 'dlq_growth'],
    [{ deletions_held: 'too many' }, 'deletion_guard'],
    [{ conflicts: 1 }, 'conflict'],
  ] as const)('of a replica with %j is %s', (replica, event) => {
    expect(found(facts(replica))).toEqual([event]);
  });

  it('of lateness cannot be told while the replica rests, and is none before the first cycle', () => {
    const { conditions, unknown } = observe(facts({ last_sync_ts: ago(9), resting: true }));
    expect([conditions, [...unknown]]).toEqual([[], ['cycle_late:1']]);
    expect(found(facts({ last_sync_ts: null }))).toEqual([]);
  });
});

describe('what changed', () => {
  const condition = (level: number): Condition => ({
    ...{ event: 'conflict', replicaId: 1, level, title: '', message: '', data: {} },
  });
  const open = (level: number): OpenAlert => ({ id: 9, key: 'conflict:1', event: 'conflict', replica_id: 1, level });
  const kinds = (...given: Parameters<typeof changesOf>) => changesOf(...given).map(({ kind }) => kind);

  it('is a beginning, a rise, a fall that nobody hears of, an end; and nothing of what is not known', () => {
    expect(kinds([condition(1)], [], new Set())).toEqual(['raise']);
    expect(kinds([condition(2)], [open(1)], new Set())).toEqual(['raise']);
    expect(kinds([condition(1)], [open(1)], new Set())).toEqual([]);
    expect(kinds([condition(1)], [open(2)], new Set())).toEqual(['lower']);
    expect(kinds([], [open(2)], new Set())).toEqual(['close']);
    expect(kinds([], [open(2)], new Set(['conflict:1']))).toEqual([]);
  });
});

describe('a message', () => {
  const channel = {
    ...{ id: 1, enabled: true, events: ['conflict', 'replica_suspended'], min_severity: 'warning' as const },
    ...{ cooldown_seconds: null, quiet_hours: null },
  };
  const occasion = {
    ...{ event: 'conflict' as const, severity: 'warning' as const, replicaId: 1, now: NOW, timeZone: 'UTC' },
    ...{ lastTold: null, cooldownSeconds: 3600, silences: [] },
  };

  it('goes to an enabled channel that has the event and is not above its severity', () => {
    expect(wants(channel, 'conflict', 'warning')).toBe(true);
    expect(wants({ ...channel, enabled: false }, 'conflict', 'warning')).toBe(false);
    expect(wants({ ...channel, min_severity: 'critical' }, 'conflict', 'warning')).toBe(false);
    expect(wants(channel, 'dlq_growth', 'warning')).toBe(false);
  });

  it('waits for the last of cooldown, quiet hours and silences', () => {
    expect(dueOf(channel, occasion)).toBeNull();
    expect(dueOf(channel, { ...occasion, lastTold: ago(0.5) })).toEqual({
      at: new Date('2026-11-22T12:30:00Z'),
      heldBy: 'cooldown',
    });
    expect(dueOf({ ...channel, cooldown_seconds: 0 }, { ...occasion, lastTold: ago(0.5) })).toBeNull();
    const quiet = { ...channel, quiet_hours: '11:00-13:00' };
    expect(dueOf(quiet, { ...occasion, lastTold: ago(0.5) })).toEqual({
      at: new Date('2026-11-22T13:00:00Z'),
      heldBy: 'quiet hours',
    });
    expect(dueOf(quiet, { ...occasion, severity: 'critical' })).toBeNull();
    const silence = { id: 4, event: null, replica_id: 1, until: new Date('2026-11-22T15:00:00Z') };
    expect(dueOf(quiet, { ...occasion, silences: [silence] })).toEqual({ at: silence.until, heldBy: 'silence 4' });
    expect(dueOf(channel, { ...occasion, replicaId: 2, silences: [silence] })).toBeNull();
  });

  it('that does not get through is tried for hours, but not where it never can', () => {
    expect(decideDelivery({ class: 'transient', attempt: 1 })).toEqual({ kind: 'retry', delayMs: 5000 });
    expect(decideDelivery({ class: 'rate-limited', attempt: 1, retryAfterMs: 60_000 })).toEqual({
      kind: 'retry',
      delayMs: 60_000,
    });
    expect(decideDelivery({ class: 'transient', attempt: 14 })).toEqual({ kind: 'retry', delayMs: 3_600_000 });
    expect(decideDelivery({ class: 'transient', attempt: 15 })).toEqual({ kind: 'give-up' });
    const atOnce = ERROR_CLASSES.filter((one) => decideDelivery({ class: one, attempt: 1 }).kind === 'give-up');
    expect(atOnce).toContain('auth');
    expect(decideDelivery({ class: 'cancelled', attempt: 1 })).toEqual({ kind: 'step-back' });
  });
});

describe('the digest of a day', () => {
  it.each([
    ['2026-11-22T12:00:00Z', '00:05', 'UTC', '2026-11-22', '2026-11-22T00:05:00.000Z'],
    ['2026-11-22T00:04:59Z', '00:05', 'UTC', '2026-11-21', '2026-11-21T00:05:00.000Z'],
    ['2026-11-21T23:10:30Z', '00:05', 'Europe/Berlin', '2026-11-22', '2026-11-21T23:05:00.000Z'],
    ['2026-11-22T00:05:00Z', '00:05', 'UTC', '2026-11-22', '2026-11-22T00:05:00.000Z'],
  ])('at %s, due at %s in %s, is that of %s', (now, time, zone, day, at) => {
    const due = digestDue(new Date(now), time, zone);
    expect([due.day, due.at.toISOString()]).toEqual([day, at]);
  });
});
