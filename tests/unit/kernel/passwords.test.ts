import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { hashPassword, isPassword, isSameSecret } from '../../../shared/kernel/passwords.ts';

const salt = Buffer.alloc(16, 7);

it('knows the right password from every other, also when letters were composed differently', async () => {
  const stored = await hashPassword('caf\u00e9 und Kuchen', salt);
  expect(stored).toMatch(/^scrypt\$15\$8\$3\$/);
  expect(stored).not.toContain('Kuchen');
  expect(await isPassword('cafe\u0301 und Kuchen', stored)).toBe(true);
  expect(await isPassword('cafe und Kuchen', stored)).toBe(false);
});

it('opens for nobody when what is stored is no hash', async () => {
  expect(await isPassword('', '')).toBe(false);
  expect(await isPassword('plain', 'plain')).toBe(false);
});

it('compares secrets of any length in a way whose time says nothing', () => {
  expect(isSameSecret('abc', 'abc')).toBe(true);
  expect(isSameSecret('abc', 'abcd')).toBe(false);
  // What a clock cannot prove on a busy machine: the comparisons are those of the library.
  const source = readFileSync(new URL('../../../shared/kernel/passwords.ts', import.meta.url), 'utf8');
  expect(source.match(/timingSafeEqual\(/g)).toHaveLength(2);
  expect(source).not.toMatch(/(given|password|hash)\s*===\s*(wanted|stored)/);
});
