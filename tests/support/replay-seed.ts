import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A seed to be played again: `npx vitest run tests/integration/engine/random-changes.test.ts -- --seed 42`. */
    replaySeed: number | null;
  }
}

/** Workers do not see the arguments of the run. */
export default function setup(project: TestProject): void {
  const at = process.argv.indexOf('--seed');
  const seed = at < 0 ? null : Number(process.argv[at + 1]);
  if (seed !== null && !Number.isSafeInteger(seed)) throw new Error('--seed takes a whole number.');
  project.provide('replaySeed', seed);
}
