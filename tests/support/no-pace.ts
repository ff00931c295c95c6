import type { Pace } from '../../shared/kernel/limits.ts';

/** Lets everything pass at once. */
export const NO_PACE: Pace = {
  request: () => Promise.resolve(),
  bytes: () => Promise.resolve(),
  refused: () => undefined,
  waitMs: () => 0,
};
