import { expect, it } from 'vitest';
import { hasRedis } from '../support/redis.ts';
import { FAULT_KINDS } from './plan.ts';
import { playChaos } from './play.ts';

/** Longer, on other seeds, backends and generations: `npm run chaos`. */
const RUN = {
  docs: 40,
  seed: 20,
  minutes: 2,
  backend: hasRedis ? 'redis' : 'postgres',
  profile: 'mixed',
  editsPerSecond: 1,
  everyMs: 2000,
  settleMinutes: 4,
  kinds: FAULT_KINDS,
} as const;

it('ends with nothing lost, nothing doubled and nothing differing after everything failed', {
  timeout: 600_000,
}, async () => {
  const story: string[] = [];
  const { ok, line, problems } = await playChaos(RUN, (text) => story.push(text));
  console.log(line);
  expect({ ok, problems }, `play it again by: npm run chaos -- --seed ${RUN.seed}\n${story.join('\n')}\n`).toEqual({
    ok: true,
    problems: [],
  });
  // A plan that strikes nothing proves nothing.
  expect(line).toMatch(/faults=(?:[3-9]\d|\d{3})/);
});
