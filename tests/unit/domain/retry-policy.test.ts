import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideRetry, pollDelay, type Failure, type RetryDecision } from '../../../shared/domain/retry-policy.ts';
import { HOUR, MINUTE, SECOND } from '../../../shared/kernel/clock.ts';
import { ERROR_CLASSES, type ErrorClass } from '../../../shared/kernel/errors.ts';

const failure = (over: Partial<Failure>): Failure => ({
  class: 'invalid',
  code: 'values_refused',
  scope: 'document',
  side: 'replica',
  attempt: 1,
  maxAttempts: 10,
  ...over,
});
const anyFailure = fc.record({
  class: fc.constantFrom(...ERROR_CLASSES),
  code: fc.constant('any'),
  scope: fc.constantFrom('document' as const, 'instance' as const),
  side: fc.constantFrom('master' as const, 'replica' as const, 'controller' as const),
  attempt: fc.integer({ min: 1, max: 50 }),
  maxAttempts: fc.integer({ min: 1, max: 20 }),
  retryAfterMs: fc.option(fc.nat({ max: 100 * HOUR }), { nil: undefined }),
});

/** What becomes of a document's first failure of each class. A new class must choose here and in the policy. */
const FIRST: Record<ErrorClass, RetryDecision['kind']> = {
  auth: 'fail-run',
  permission: 'retry',
  incompatible: 'fail-run',
  'not-an-api': 'fail-run',
  'rate-limited': 'snooze',
  transient: 'snooze',
  'not-found': 'retry',
  invalid: 'retry',
  'too-large': 'block',
  'unsupported-type': 'block',
  duplicate: 'block',
  'unknown-outcome': 'snooze',
  conflict: 'step-back',
  cancelled: 'step-back',
  config: 'fail-run',
  internal: 'retry',
};

describe('decideRetry', () => {
  test.each(Object.entries(FIRST) as [ErrorClass, RetryDecision['kind']][])(
    'answers a first failure of class %s with %s',
    (name, kind) => {
      expect(decideRetry(failure({ class: name })).kind).toBe(kind);
    },
  );

  test('ends the run when a whole list is forbidden, but not for one forbidden document', () => {
    expect(decideRetry(failure({ class: 'permission', scope: 'instance' })).kind).toBe('fail-run');
    expect(decideRetry(failure({ class: 'permission', scope: 'document' })).kind).toBe('retry');
  });

  test('honours retry-after without spending an attempt, for an hour at most', () => {
    expect(decideRetry(failure({ class: 'rate-limited', retryAfterMs: 17_000, attempt: 10 }))).toEqual({
      kind: 'snooze',
      delayMs: 17_000,
    });
    expect(decideRetry(failure({ class: 'rate-limited' }))).toEqual({
      kind: 'snooze',
      delayMs: MINUTE,
    });
    expect(decideRetry(failure({ class: 'rate-limited', retryAfterMs: 9 * HOUR }))).toEqual({
      kind: 'snooze',
      delayMs: HOUR,
    });
  });

  test('gives a document up after its last attempt and not before', () => {
    expect(decideRetry(failure({ attempt: 9 })).kind).toBe('retry');
    expect(decideRetry(failure({ attempt: 10 })).kind).toBe('give-up');
    expect(decideRetry(failure({ attempt: 11 })).kind).toBe('give-up');
  });

  test('spreads ten attempts over about five hours', () => {
    let total = 0;
    for (let attempt = 1; attempt < 10; attempt += 1) {
      const decision = decideRetry(failure({ attempt }));
      if (decision.kind === 'retry') total += decision.delayMs;
    }
    expect(total).toBeGreaterThan(4 * HOUR);
    expect(total).toBeLessThan(5 * HOUR);
  });

  test('waits longer from attempt to attempt, and never over an hour', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 48 }), (attempt) => {
        const [now, next] = [attempt, attempt + 1].map((n) => decideRetry(failure({ attempt: n, maxAttempts: 100 })));
        if (now?.kind !== 'retry' || next?.kind !== 'retry') throw new Error('both are retries');
        expect(next.delayMs).toBeGreaterThanOrEqual(now.delayMs);
        expect(next.delayMs).toBeLessThanOrEqual(HOUR);
        expect(now.delayMs).toBeGreaterThanOrEqual(MINUTE);
      }),
    );
  });

  test('bounds every delay by an hour, and spends attempts only where the document itself failed', () => {
    fc.assert(
      fc.property(anyFailure, (one) => {
        const decision = decideRetry(one);
        if ('delayMs' in decision) expect(decision.delayMs).toBeLessThanOrEqual(HOUR);
        const spends = decision.kind === 'retry' || decision.kind === 'give-up';
        if (spends) expect(['permission', 'not-found', 'invalid', 'internal']).toContain(one.class);
      }),
    );
  });
});

describe('pollDelay', () => {
  test('looks within half a second at first and every half minute in the end', () => {
    expect(pollDelay(0)).toBe(500);
    expect(pollDelay(HOUR)).toBe(30 * SECOND);
  });

  test('never looks more often as an upload gets older', () => {
    fc.assert(
      fc.property(fc.nat({ max: HOUR }), fc.nat({ max: HOUR }), (a, b) => {
        expect(pollDelay(Math.min(a, b))).toBeLessThanOrEqual(pollDelay(Math.max(a, b)));
      }),
    );
  });
});
