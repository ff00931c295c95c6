import { describe, expect, test, vi } from 'vitest';
import { delay, systemClock } from '../../../shared/kernel/clock.ts';

describe('delay', () => {
  test('is over after its time', async () => {
    const started = performance.now();
    await delay(30);
    expect(performance.now() - started).toBeGreaterThanOrEqual(29);
  });

  test('ends at once with the reason of the signal', async () => {
    const stop = new AbortController();
    const waiting = delay(60_000, stop.signal);
    stop.abort(new Error('shutting down'));
    await expect(waiting).rejects.toThrow('shutting down');
  });

  test('does not begin when the signal has aborted before', async () => {
    await expect(delay(60_000, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });

  test('leaves no listener behind on a signal that lives on', async () => {
    const { signal } = new AbortController();
    const [add, remove] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
    await delay(1, signal);
    expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(add.mock.calls.map(([, listener]) => listener));
  });
});

test('the monotonic clock never goes back', () => {
  const first = systemClock.monotonic();
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(first);
});
