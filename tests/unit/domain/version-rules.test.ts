import { describe, expect, test } from 'vitest';
import { ATTEMPT_TIMINGS, type AttemptFacts } from '../../../shared/domain/attempt-rules.ts';
import { isVersionLabel, mayPostVersionAgain, versionLabel } from '../../../shared/domain/version-rules.ts';

const MINUTE = 60_000;
const facts = (more: Partial<AttemptFacts>): AttemptFacts => ({
  state: 'unknown',
  postedAt: 0,
  startedSeenAt: null,
  terminalAt: null,
  senderGoneAt: null,
  sameBytes: false,
  ...more,
});
const may = (attempt: Partial<AttemptFacts>, looks: number, now: number) =>
  mayPostVersionAgain(facts(attempt), { count: looks, lastAt: null }, now, ATTEMPT_TIMINGS);

test('the mark of a version names it, fits into a label, and is told from labels of people', () => {
  const label = versionLabel('c0ffee00', 2_147_483_647, 999);
  expect(label.length).toBeLessThanOrEqual(64);
  expect([label, 'signed', null, 'pngx.c0ffee00.m1.a1'].map(isVersionLabel)).toEqual([true, false, false, false]);
});

describe('a version is sent again', () => {
  test('after a definite refusal at once', () => {
    expect(may({ state: 'refused' }, 0, 0)).toBe(true);
  });
  test('after a failure only when it was looked for twice', () => {
    const failed = { state: 'failure', terminalAt: MINUTE } as const;
    expect([may(failed, 1, 2 * MINUTE), may(failed, 2, 2 * MINUTE)]).toEqual([false, true]);
  });
  test('after a failure so late that the message may have come twice only two hours later', () => {
    const failed = { state: 'failure', terminalAt: 55 * MINUTE } as const;
    expect([may(failed, 2, 60 * MINUTE), may(failed, 2, 176 * MINUTE)]).toEqual([false, true]);
  });
  test('without row or version only after two hours', () => {
    const lost = { senderGoneAt: MINUTE };
    expect([may(lost, 9, 119 * MINUTE), may(lost, 2, 121 * MINUTE)]).toEqual([false, true]);
  });
  test('never after a success', () => {
    expect(may({ state: 'success' }, 9, 999 * MINUTE)).toBe(false);
  });
});
