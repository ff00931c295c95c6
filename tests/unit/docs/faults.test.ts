import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8').replaceAll("\\'", "'");

const rows = read('tests/faults.md')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| Fault '))
  .map((line) => line.slice(2, -2).split(' | '));

describe('the table of faults', () => {
  it('has a value in every column of every row', () => {
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.filter((cells) => cells.length !== 8 || cells.some((cell) => cell.trim() === ''))).toEqual([]);
  });

  it.each(rows.map((cells) => [cells[0] ?? '', cells.at(-1) ?? '']))('names a test that exists: %s', (_fault, test) => {
    const [, file = '', title = ''] = /^`([^`]+)`: (.+)$/.exec(test) ?? [];
    expect(read(file.includes('/') ? file : `tests/integration/faults/${file}`)).toContain(title);
  });
});
