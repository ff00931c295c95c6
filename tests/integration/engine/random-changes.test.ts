import { describe, expect, inject, it } from 'vitest';
import { PAIRS, playSeed } from './random/play.ts';

/** The pair follows from the seed; one of each, so that a run stays below a minute. */
const SEEDS = [100, 101, 102, 103];

const replayed = inject('replaySeed');

describe('a random library after random changes on both sides, with cycles and sweeps in between', () => {
  for (const seed of replayed === null ? SEEDS : [replayed])
    it(`ends equal with seed ${seed}, ${PAIRS[seed % PAIRS.length]?.join(' to ')}`, async () => {
      const { problems, history } = await playSeed(seed);
      const story = history.map((line, at) => `${at + 1} ${line}`).join('\n');
      expect(problems, `play it again by "-- --seed ${seed}"; this is what happened:\n${story}\n`).toEqual([]);
    }, 120_000);
});
