import { describe, expect, it } from 'vitest';
import { sourceFaults } from '../../../infra/ci/source-rules.ts';

const FRAME = {
  path: 'shared/replication/frame.ts',
  text: ['bullmq', 'ioredis', 'hono', '@hono/node-server', 'postgres', 'kysely', 'got', 'prom-client', 'pino', 'zod']
    .map((name) => `import x from '${name}';`)
    .join('\n'),
};
const PAGE = { path: 'services/api/pages/page.tsx', text: '' };

function faults(path: string, text: string): string[] {
  return sourceFaults([FRAME, PAGE, { path, text }]);
}

describe('the rules of the house', () => {
  it.each([
    ['shared/queue/a.ts', 'const x = process.env.HOME;', /process\.env is read in shared\/config\/env\.ts alone/],
    ['services/api/a.ts', "const x = process['env'];", /process\.env is read/],
    ['shared/domain/a.ts', 'const x = new Date();', /read no clock/],
    ['shared/domain/a.ts', 'const x = Math.random();', /know no randomness/],
    ['shared/kernel/a.ts', 'setTimeout(f, 1);', /do no I\/O/],
    ['tests/unit/a.test.ts', "it.skip('x', f);", /A test is run or deleted/],
    ['shared/db/a.ts', '// @ts-ignore', /mended, not silenced/],
  ])('find a breach in %s: %s', (path, text, reason) => {
    expect(faults(path, text)).toEqual([expect.stringMatching(reason)]);
  });

  it('name file and line', () => {
    expect(faults('shared/domain/a.ts', '\n\nconst x = Date.now();')[0]).toMatch(/^shared\/domain\/a\.ts:3 {2}/);
  });

  it('leave alone what is allowed, and what a comment says', () => {
    expect(faults('shared/config/env.ts', 'const x = process.env;')).toEqual([]);
    expect(faults('shared/kernel/clock.ts', 'const x = performance.now();')).toEqual([]);
    expect(
      faults('shared/domain/a.ts', '/** Never Date.now(). */\n// nor Math.random()\nconst x = new Date(at);'),
    ).toEqual([]);
  });

  it('miss a package of the frame that no production code imports', () => {
    const without = { ...FRAME, text: FRAME.text.replace("import x from 'got';", "import type x from 'got';") };
    expect(sourceFaults([without, PAGE])).toEqual([
      'package.json  got belongs to the frame, but no production code imports it.',
    ]);
    expect(sourceFaults([FRAME])).toEqual([expect.stringContaining('hono/jsx')]);
  });
});
