import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What begins last must be short, or one of the two cores has nothing to do at the end. */
const LONG = [
  'tests/chaos/chaos.',
  'tests/e2e/',
  'deletions/hostile.',
  'engine/crash.',
  'reconcile/libraries.',
  'containers/',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((part) => moduleId.includes(part));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: ['tests/**/*.test.{ts,tsx}'],
    globalSetup: ['tests/support/postgres-server.ts', 'tests/support/replay-seed.ts'],
    // What the processes that tests start have compiled: loading a worker takes half as long.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'pngx-compile-cache') },
    pool: 'forks',
    // The files of one worker share what they import: loading it anew for each took a tenth of the whole run.
    isolate: false,
    // The servers that the tests start share two cores with them.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    // Files run in parallel, the tests of one file in the order in which they are written.
    sequence: { shuffle: false, concurrent: false, sequencer: LongestFirst },
    // A test that is left out must be visible as such; nothing is repeated until it passes.
    retry: 0,
    passWithNoTests: false,
  },
});
