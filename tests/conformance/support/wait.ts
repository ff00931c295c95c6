import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks `probe` until it gives a value, and fails with `what` when the limit is over. Short steps first: a simulator
 * answers within milliseconds, a real instance within seconds.
 */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined>, limitMs = 90_000): Promise<T> {
  const end = performance.now() + limitMs;
  for (let step = 10; ; step = Math.min(step * 1.5, 400)) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await pause(step);
  }
}
