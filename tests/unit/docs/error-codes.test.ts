import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { classesOfCodes, codesIn, composedCodes, documentedCodes, usedCodes } from '../../../infra/ci/error-codes.ts';
import { ERROR_CLASSES } from '../../../shared/kernel/errors.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Made of a template, so that no search for literals finds them. A new template needs a line here. */
const COMPOSED = {
  "code: `replica_${why.replaceAll(' ', '_')}`": ['replica_disabled', 'replica_suspended', 'replica_paused'],
};

describe('docs/error-codes.md', () => {
  test('lists every code that the source uses', async () => {
    const documented = await documentedCodes(ROOT);
    const missing = [...(await usedCodes(ROOT))].filter(([code]) => !documented.has(code));
    expect(missing).toEqual([]);
  });

  test('lists no code that is not used', async () => {
    const used = await usedCodes(ROOT);
    const composed = Object.values(COMPOSED).flat();
    const stale = [...(await documentedCodes(ROOT)).keys()].filter(
      (code) => !used.has(code) && !composed.includes(code),
    );
    expect(stale).toEqual([]);
  });

  test('lists the codes that are put together in the source', async () => {
    const documented = await documentedCodes(ROOT);
    for (const code of Object.values(COMPOSED).flat()) expect([...documented.keys()]).toContain(code);
    expect((await composedCodes(ROOT)).sort()).toEqual(Object.keys(COMPOSED).sort());
  });

  test('names the class that the source gives to each code', async () => {
    const documented = await documentedCodes(ROOT);
    const wrong: string[] = [];
    for (const [code, classes] of await classesOfCodes(ROOT))
      for (const name of classes) if (!documented.get(code)?.includes(`\`${name}\``)) wrong.push(`${code}: ${name}`);
    expect(wrong).toEqual([]);
    const known = new Set<string>(ERROR_CLASSES);
    for (const text of documented.values())
      for (const [, name = ''] of text.matchAll(/`([\w-]+)`/g)) expect(known).toContain(name);
  });
});

describe('the search for codes', () => {
  test.each([
    [`new AppError({ code: 'one', class: 'x' })`, ['one']],
    [`code: gateway ? 'one' : 'two',`, ['one', 'two']],
    [`const code = kind === 'list' ? 'one' : 'two';`, ['one', 'two']],
    [`return end('held', 'one', 'Why.');`, ['one']],
    [`return end('ok');`, []],
    [`function refused(code: string) {}\nthrow refused('one', 'Why.');`, ['one']],
    [`if (error.code === 'one') return 'two';`, []],
    [`const code = closing.errorCode ?? 'one';`, ['one']],
  ])('sees in %j the codes %j', (source, codes) => {
    expect([...codesIn(source)].sort()).toEqual(codes);
  });
});
