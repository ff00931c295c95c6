import { describe, expect, test } from 'vitest';
import { eligibility, type ReplicaSchedule } from '../../../shared/domain/schedule.ts';
import { MINUTE } from '../../../shared/kernel/clock.ts';

const NOW = new Date('2024-05-06T12:00:00Z');
const replica: ReplicaSchedule = {
  id: 1,
  name: 'attic',
  enabled: true,
  suspended: false,
  paused: false,
  quiet: false,
  intervalSeconds: null,
  lastSync: null,
};
const ago = (ms: number): Date => new Date(NOW.getTime() - ms);
const check = (over: Partial<ReplicaSchedule>, manual = false) =>
  eligibility({ ...replica, ...over }, NOW, 900, manual);

describe('eligibility', () => {
  test('takes a replica that was never synced', () => {
    expect(check({})).toEqual({ eligible: true });
  });

  test.each([
    ['disabled', { enabled: false }],
    ['suspended', { suspended: true }],
    ['paused', { paused: true }],
  ] as const)('leaves a %s replica out, of a manual trigger too', (why, over) => {
    expect(check(over)).toEqual({ eligible: false, why });
    expect(check(over, true)).toEqual({ eligible: false, why });
  });

  test('waits until the interval since the start of the last good run is over', () => {
    expect(check({ lastSync: ago(10 * MINUTE) })).toEqual({
      eligible: false,
      why: 'not due yet',
    });
    expect(check({ lastSync: ago(15 * MINUTE) })).toEqual({ eligible: true });
  });

  test('lets a tick that comes a little early count', () => {
    expect(check({ lastSync: ago(14.5 * MINUTE) })).toEqual({ eligible: true });
  });

  test('follows the interval of the replica where it has one of its own', () => {
    expect(check({ intervalSeconds: 3600, lastSync: ago(20 * MINUTE) })).toEqual({
      eligible: false,
      why: 'not due yet',
    });
    expect(check({ intervalSeconds: 60, lastSync: ago(2 * MINUTE) })).toEqual({
      eligible: true,
    });
  });

  test('ignores the interval when a person asks', () => {
    expect(check({ lastSync: ago(0) }, true)).toEqual({ eligible: true });
  });
});
