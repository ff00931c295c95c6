import { describe, expect, it } from 'vitest';
import { REAL_RULES, type Rules } from './small-world.ts';
import { walk } from './walk.ts';

/** Deeper by `npm run test:model`: each step more takes about five times as long. */
const DEPTH = Number(process.env['MODEL_DEPTH'] ?? 5);
const LIMITS = { depth: DEPTH, faults: 2 };

describe.each(['v3', 'v2'] as const)('every interleaving to a small depth, %s', (generation) => {
  it('ends with one copy, and never had two', { timeout: 3_600_000 }, () => {
    const { states, story } = walk(generation, REAL_RULES, LIMITS);
    console.log(`${generation}: ${states} states to depth ${DEPTH}`);
    expect(story).toBeNull();
    expect(states).toBeGreaterThan(1000);
  });

  it('needs no patience: under the reserved number a repeat is harmless', { timeout: 600_000 }, () => {
    const rules: Rules = { ...REAL_RULES, mayPostAgain: () => true };
    expect(walk(generation, rules, { depth: DEPTH - 1, faults: 2 }).story).toBeNull();
  });
});

describe('a broken rule is found', () => {
  const broken: readonly (readonly [string, Partial<Rules>, string])[] = [
    ['a repeat without the reserved number', { isNumbered: (k) => k === 1 }, 'there are two copies'],
    ['the number is given up at once', { isClosed: () => true }, 'there are two copies'],
    ['a copy is claimed by its title', { findsBy: 'title' }, "a stranger's document was claimed"],
    ['an attempt is never over', { isClosed: () => false }, 'it does not come to rest'],
  ];

  it.each(broken)('%s', (_name, bent, end) => {
    const { story } = walk('v3', { ...REAL_RULES, ...bent }, { depth: 7, faults: 2 });
    expect(story?.at(-1), story?.join('\n')).toBe(end);
  });
});
