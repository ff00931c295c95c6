import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { Schedule, diceOf, type Life } from './schedule.ts';
import { ModelStage, openScratch, type StageOptions } from './stage.ts';

const MOVES = 90;
const FAULTS = 4;
/** Invariant 12 of the protocol. More of them by `npm run test:model`. */
const LIVES = Number(process.env['MODEL_LIVES'] ?? 10);

let database: TestDatabase;
let scratch: Awaited<ReturnType<typeof openScratch>>;
beforeAll(async () => {
  database = await createTestDatabase();
  scratch = await openScratch();
});
afterAll(async () => {
  await database?.drop();
  await scratch?.close();
});

async function live(seed: number, options: StageOptions): Promise<Life> {
  const stage = await ModelStage.open(database.db, scratch.scratch, options);
  return new Schedule(stage, diceOf(seed), FAULTS).live(MOVES);
}

/** The first seed whose life goes wrong, with its story. */
async function firstFailure(seeds: Iterable<number>, options: StageOptions): Promise<string | null> {
  for (const seed of seeds) {
    const { problems, history } = await live(seed, options);
    if (problems.length > 0) return `seed ${seed}: ${problems.join('; ')}\n${history.join('\n')}`;
  }
  return null;
}

function* seedsUpTo(count: number): Generator<number> {
  for (let seed = 1; seed <= count; seed += 1) yield seed;
}

describe.each(['v3', 'v2'] as const)(
  'two processes and a %s replica that delays, drops, repeats and resurrects',
  (generation) => {
    it('end with one copy, complete, and never had two', { timeout: 600_000 }, async () => {
      const replayed = inject('replaySeed');
      expect(await firstFailure(replayed === null ? seedsUpTo(LIVES) : [replayed], { generation })).toBeNull();
    });
  },
);

describe('a broken rule is found', () => {
  it('an upload is repeated without its reserved number', { timeout: 120_000 }, async () => {
    const bend: StageOptions['bend'] = (request) => ({ ...request, asn: null });
    expect(await firstFailure(seedsUpTo(200), { generation: 'v3', bend })).toContain('there are 2 copies');
  });
});
