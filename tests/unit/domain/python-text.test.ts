import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pythonTrim } from '../../../shared/domain/python-text.ts';

/** Every character for which Python's str.isspace() is true. */
const PYTHON_WHITE = new Set([
  0x09,
  0x0a,
  0x0b,
  0x0c,
  0x0d,
  0x1c,
  0x1d,
  0x1e,
  0x1f,
  0x20,
  0x85,
  0xa0,
  0x1680,
  ...Array.from({ length: 11 }, (_, nth) => 0x2000 + nth),
  0x2028,
  0x2029,
  0x202f,
  0x205f,
  0x3000,
]);

function slowTrim(text: string): string {
  const chars = [...text];
  const white = (char: string | undefined) => char !== undefined && PYTHON_WHITE.has(char.codePointAt(0) ?? -1);
  while (white(chars[0])) chars.shift();
  while (white(chars.at(-1))) chars.pop();
  return chars.join('');
}

const odd = fc.oneof(
  fc.constantFrom(...[...PYTHON_WHITE].map((code) => String.fromCodePoint(code))),
  fc.constantFrom('\ufeff', '\u200b', '\u180e', '\u2060', 'a', '\u{1f4c4}', '\u05d0', '\0'),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
const text = fc.array(odd, { maxLength: 30 }).map((parts) => parts.join(''));

describe('pythonTrim', () => {
  test('strips exactly the characters that Python calls white space', () => {
    const wrong: string[] = [];
    for (let code = 0; code <= 0xffff; code += 1) {
      const char = String.fromCharCode(code);
      if ((pythonTrim(`${char}x${char}`) === 'x') !== PYTHON_WHITE.has(code)) wrong.push(`U+${code.toString(16)}`);
    }
    expect(wrong).toEqual([]);
  });

  test('leaves the byte order mark and the zero-width space, which JavaScript or fonts may hide', () => {
    expect(pythonTrim('\ufeff title \u200b')).toBe('\ufeff title \u200b');
  });

  test('strips the file, group, record and unit separators and NEL, which JavaScript leaves', () => {
    expect(pythonTrim('\u001c\u0085title\u001f')).toBe('title');
  });

  test('equals a slow reference on any text', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(pythonTrim(value)).toBe(slowTrim(value));
      }),
      { numRuns: 500 },
    );
  });

  test('changes nothing when repeated', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(pythonTrim(pythonTrim(value))).toBe(pythonTrim(value));
      }),
    );
  });

  test('needs time in proportion to the text, whatever white space it holds', () => {
    const content = `${' '.repeat(200_000)}a${' '.repeat(200_000)}b${' '.repeat(200_000)}`;
    const started = performance.now();
    expect(pythonTrim(content)).toHaveLength(200_002);
    // A quadratic search would take minutes.
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
