import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ATTEMPT_TIMINGS, isClosed, mayPostAgain, type AttemptFacts } from '../../../shared/domain/attempt-rules.ts';
import { HOUR, MINUTE, SECOND } from '../../../shared/kernel/clock.ts';

/** The POST is at 0; all times are milliseconds after it. */
const attempt = (state: AttemptFacts['state'], over: Partial<AttemptFacts> = {}): AttemptFacts => ({
  state,
  postedAt: 0,
  startedSeenAt: null,
  terminalAt: null,
  senderGoneAt: 0,
  sameBytes: true,
  ...over,
});
const closed = (facts: AttemptFacts, now: number, generation: 'v2' | 'v3' = 'v3') => isClosed(facts, generation, now);

describe('an upload attempt', () => {
  test.each(['success', 'refused'] as const)('is closed by %s', (state) => {
    expect(closed(attempt(state), 0)).toBe(true);
  });

  test('is open while its request is on the way, however long that takes', () => {
    expect(closed(attempt('sending'), 100 * HOUR)).toBe(false);
  });

  test('is closed by a failure that came before the broker could deliver its message twice', () => {
    expect(closed(attempt('failure', { terminalAt: 2999 * SECOND }), 2999 * SECOND)).toBe(true);
    expect(
      closed(
        attempt('failure', {
          startedSeenAt: 2999 * SECOND,
          terminalAt: 4000 * SECOND,
        }),
        4000 * SECOND,
      ),
    ).toBe(true);
  });

  test('stays open for two redeliveries after a failure that came later', () => {
    const late = attempt('failure', { terminalAt: 3000 * SECOND });
    expect(closed(late, 3000 * SECOND + 7199 * SECOND)).toBe(false);
    expect(closed(late, 3000 * SECOND + 7200 * SECOND)).toBe(true);
  });

  test('is closed when its consumption ran past the time after which paperless kills it', () => {
    const running = attempt('awaiting', { startedSeenAt: 100 * SECOND });
    expect(closed(running, 1960 * SECOND)).toBe(false);
    expect(closed(running, 1961 * SECOND)).toBe(true);
  });

  test('stays open for two redeliveries when it started late', () => {
    const late = attempt('awaiting', { startedSeenAt: 3600 * SECOND });
    expect(closed(late, 3600 * SECOND + 1861 * SECOND)).toBe(false);
    expect(closed(late, 3 * HOUR)).toBe(true);
  });

  test('whose message is out of sight stays open until two redeliveries after a later upload ended', () => {
    const lost = attempt('unknown', { lost: true });
    expect(closed(lost, 100 * HOUR)).toBe(false);
    const overtaken = { ...lost, overtakenAt: HOUR };
    expect(closed(overtaken, 3 * HOUR - 1)).toBe(false);
    expect(closed(overtaken, 3 * HOUR)).toBe(true);
  });

  test('that was seen to start early and then stood still is closed once paperless has killed it', () => {
    const stuck = attempt('unknown', { lost: true, startedSeenAt: 10 * SECOND });
    expect(closed(stuck, 1870 * SECOND)).toBe(false);
    expect(closed(stuck, 1871 * SECOND)).toBe(true);
  });

  test('is never closed by waiting alone while its task was not seen to start', () => {
    expect(closed(attempt('awaiting'), 100 * HOUR)).toBe(false);
  });

  test('of unknown outcome is open until its sender is gone and the hold is over', () => {
    expect(closed(attempt('unknown', { senderGoneAt: null }), 100 * HOUR)).toBe(false);
    expect(closed(attempt('unknown'), 119 * SECOND)).toBe(false);
    expect(closed(attempt('unknown'), 120 * SECOND)).toBe(true);
  });

  test('of unknown outcome needs no hold on 2.20, which takes the same bytes only once, unless the bytes differed', () => {
    expect(closed(attempt('unknown'), 0, 'v2')).toBe(true);
    expect(closed(attempt('unknown', { sameBytes: false }), 119 * SECOND, 'v2')).toBe(false);
    expect(closed(attempt('unknown', { sameBytes: false }), 120 * SECOND, 'v2')).toBe(true);
  });

  test('of unknown outcome is held twice the time limit of a request where that is longer', () => {
    const slow = { ...ATTEMPT_TIMINGS, requestTimeoutMs: 5 * MINUTE };
    expect(isClosed(attempt('unknown'), 'v3', 9 * MINUTE, slow)).toBe(false);
    expect(isClosed(attempt('unknown'), 'v3', 10 * MINUTE, slow)).toBe(true);
  });

  describe('that the replica took and lost sight of', () => {
    const lost = (over: Partial<AttemptFacts> = {}) => attempt('unknown', { lost: true, ...over });

    test('stays open as long as no later upload overtook it: its message may come back', () => {
      expect(closed(lost(), 100 * HOUR)).toBe(false);
    });

    test('is closed two redeliveries after a later upload came to an end', () => {
      expect(closed(lost({ overtakenAt: HOUR }), 3 * HOUR - 1)).toBe(false);
      expect(closed(lost({ overtakenAt: HOUR }), 3 * HOUR)).toBe(true);
    });

    test('is closed when it was seen to start early, and ran past the limit of a consumption', () => {
      expect(closed(lost({ startedSeenAt: MINUTE }), MINUTE + 1860 * SECOND)).toBe(false);
      expect(closed(lost({ startedSeenAt: MINUTE }), MINUTE + 1861 * SECOND)).toBe(true);
    });

    test('does not matter on 2.20, which takes the same bytes only once', () => {
      expect(closed(lost(), 0, 'v2')).toBe(true);
    });
  });

  test('once closed stays closed', () => {
    const when = fc.option(fc.nat({ max: 5 * HOUR }), { nil: null });
    const facts = fc.record({
      state: fc.constantFrom('sending', 'unknown', 'awaiting', 'success', 'failure', 'refused'),
      postedAt: fc.constant(0),
      startedSeenAt: when,
      terminalAt: when,
      senderGoneAt: when,
      sameBytes: fc.boolean(),
      lost: fc.boolean(),
      overtakenAt: when,
    }) as fc.Arbitrary<AttemptFacts>;
    const generation = fc.constantFrom('v2' as const, 'v3' as const);
    fc.assert(
      fc.property(facts, generation, fc.nat({ max: 8 * HOUR }), fc.nat({ max: 8 * HOUR }), (one, gen, now, later) => {
        // A failure without a time has just been seen; the engine stores the time with it.
        fc.pre(one.state !== 'failure' || one.terminalAt !== null);
        if (isClosed(one, gen, now)) expect(isClosed(one, gen, now + later)).toBe(true);
      }),
    );
  });
});

describe('an awaited upload', () => {
  const awaited = (over: Partial<AttemptFacts> = {}) => attempt('awaiting', over);

  test('may be sent again once its row is gone', () => {
    expect(mayPostAgain(awaited(), { state: 'gone', queueMovedAt: 0 }, 0)).toBe(true);
  });

  test('may be sent again when the queue has not moved for a quarter of an hour', () => {
    expect(mayPostAgain(awaited(), { state: 'pending', queueMovedAt: 0 }, 15 * MINUTE)).toBe(false);
    expect(mayPostAgain(awaited(), { state: 'pending', queueMovedAt: 0 }, 15 * MINUTE + 1)).toBe(true);
  });

  test('waits as long as the queue moves, however long it is', () => {
    expect(mayPostAgain(awaited(), { state: 'pending', queueMovedAt: 9 * HOUR }, 9 * HOUR + MINUTE)).toBe(false);
  });

  test('counts from its own POST where the queue stood still before', () => {
    expect(mayPostAgain(awaited({ postedAt: HOUR }), { state: 'pending', queueMovedAt: 0 }, HOUR + MINUTE)).toBe(false);
  });

  test('that was seen to start may be sent again only past the limit of a consumption', () => {
    expect(
      mayPostAgain(awaited({ startedSeenAt: MINUTE }), { state: 'started', queueMovedAt: 0 }, MINUTE + 1860 * SECOND),
    ).toBe(false);
    expect(
      mayPostAgain(awaited({ startedSeenAt: MINUTE }), { state: 'started', queueMovedAt: 0 }, MINUTE + 1861 * SECOND),
    ).toBe(true);
    expect(mayPostAgain(awaited(), { state: 'started', queueMovedAt: 0 }, 9 * HOUR)).toBe(false);
  });
});
