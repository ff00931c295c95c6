/** docs/upgrading.md, "Rules for migrations": what the text of a migration can show. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BREAKING, migrations } from '../../../shared/db/migrations/index.ts';

const DIR = join(import.meta.dirname, '../../../shared/db/migrations');
const NAMES = Object.keys(migrations).sort();
/** The first that leaves a mark; no program of before works with a schema it does not know. */
const FIRST_MARKED = '2026-11-23-backup';

const FROZEN: Readonly<Record<string, string>> = {
  '2026-11-21-initial': 'fa66948a8164b86e7830268dd5a6b1c72e8df2ed5ea16b3a2820c31575b9dd1a',
  '2026-11-22-deletions': '64bb4f8807e41c6ed3a14f73bd89f637691ae79d366b0b0f13e3a2535eb4ad0a',
  '2026-11-22-files': '5089cd3f41a37250341325c2068c113e4f0e50ad3368e9d5158796ae13cb9e57',
  '2026-11-22-hygiene': '41413205e1375fba4daa5f5e09eb7e1b8683b5f7f0f1f3c31262ca28792da692',
  '2026-11-22-reconcile': 'a0d3f6d0e83a661a4785559388b0637337763a2def639d58023e61f6d8387cf7',
  '2026-11-22-taxonomy': 'bdf77481c62839c2323cfe3e5e2b70f940fe6c5c43f52307a710ad47dde9307d',
  '2026-11-22-truth': '0d283b19c6cbf64599ecb87082188a14e1b41fc1ef3049c2be47ffb2b962120d',
  '2026-11-22-verify': '6c552a55b1e033775e1635a59f191839f19094555833db8ecb9a677b295b4ab8',
};

/** A check that is replaced under its name in one statement is made wider: what was allowed stays allowed. */
const WIDENED = /\bdrop constraint (\w+),\s+add constraint \1 check\b/gi;

/** What a program of the release before could trip over. */
function breaks(source: string): string[] {
  const text = source.replaceAll(WIDENED, '');
  const signs = [/\bdrop (table|column|constraint|type)\b/gi, /\brename (to|column)\b/gi, /\bset not null\b/gi];
  const needed = [...text.matchAll(/\badd column (\w+) ([^,`]*)/gi)].filter(
    ([, , rest = '']) => /not null/i.test(rest) && !/default/i.test(rest),
  );
  return [...signs.flatMap((sign) => text.match(sign) ?? []), ...needed.map(([all]) => all)];
}

/** The body of a function is not carried out by the migration. */
const losesRows = (text: string): string[] =>
  text.replaceAll(/\$\$[^$]*\$\$/g, '').match(/\b(truncate|delete from)\b/gi) ?? [];
const source = (name: string): string => readFileSync(join(DIR, `${name}.ts`), 'utf8');

describe('migrations', () => {
  it('are listed, each under the name of its file', () => {
    const files = readdirSync(DIR)
      .filter((file) => /^\d/.test(file))
      .map((file) => file.replace('.ts', ''));
    expect(NAMES).toEqual(files.sort());
    expect(NAMES).toEqual(expect.arrayContaining([...BREAKING]));
  });

  it('that were released are not touched again', () => {
    for (const [name, sha256] of Object.entries(FROZEN))
      expect(createHash('sha256').update(source(name)).digest('hex'), name).toBe(sha256);
  });

  it('only add, unless they are named as breaking', () => {
    const later = NAMES.filter((name) => name > FIRST_MARKED && !BREAKING.includes(name));
    for (const name of later) expect(breaks(source(name)), name).toEqual([]);
  });

  it('take no row away', () => {
    for (const name of NAMES) expect(losesRows(source(name)), name).toEqual([]);
  });

  it.each([
    ['alter table a drop column b', 1],
    ['alter table a rename column b to c', 1],
    ['alter table a add column b text not null', 1],
    ["alter table a add column b text not null default ''", 0],
    ['create table c (id bigint not null)', 0],
    ['alter table a drop constraint b', 1],
    ['alter table a drop constraint b, add constraint c check (d > 0)', 1],
    ['alter table a drop constraint b, add constraint b check (d > 0)', 0],
  ])('"%s" has %i signs of a break', (text, signs) => {
    expect(breaks(text)).toHaveLength(signs);
  });
});
