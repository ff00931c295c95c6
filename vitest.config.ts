import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.{ts,tsx}'],
    globalSetup: ['tests/support/postgres-server.ts', 'tests/support/replay-seed.ts'],
    pool: 'forks',
    // The servers that the tests start share two cores with them.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    // Files run in parallel, the tests of one file in the order in which they are written.
    sequence: { shuffle: false, concurrent: false },
    // A test that is left out must be visible as such; nothing is repeated until it passes.
    retry: 0,
    passWithNoTests: false,
  },
});
