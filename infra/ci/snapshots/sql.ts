/** The SQL that every repository method sends, as it is sent: what a reviewer cannot see in a query builder. */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { guardPool, typeParsers } from '../../../shared/db/client.ts';
import type { Tables } from '../../../shared/db/tables.ts';
import { CALLS } from './calls.ts';
import { createFixture } from './fixture.ts';

/** File name -> content, from a migrated database that is empty and not needed afterwards. */
export async function sqlSnapshots(url: string): Promise<Map<string, string>> {
  // Guarded: its connection may still be closing when the server is stopped.
  const pool = guardPool(new pg.Pool({ connectionString: url, max: 1, types: typeParsers }));
  const sent: string[] = [];
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    log: ({ query }) => void sent.push(query.sql),
  });
  const files = new Map<string, string>();
  try {
    for (const [repo, calls] of Object.entries(CALLS).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const parts: string[] = [];
      for (const [method, call] of Object.entries(calls)) {
        const fixture = await createFixture(db);
        sent.length = 0;
        await call(db, fixture);
        parts.push(`-- ${method}\n${[...new Set(sent)].map((text) => `${layout(text)};\n`).join('')}`);
      }
      files.set(`${repo}.sql`, `-- shared/db/${repo}.repo.ts\n\n${parts.join('\n')}`);
    }
  } finally {
    await db.destroy();
  }
  return files;
}

const CLAUSE = /^ (?:from|left join|inner join|where|and|set|values|on conflict|order by|group by|limit|returning) /;

/** One clause a line where the text has no lines of its own, so that a change shows where it is. */
function layout(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const [only = ''] = lines;
  if (lines.length > 1) return lines.join('\n  ');
  return only.length <= 100 ? only : breakClauses(only);
}

function breakClauses(line: string): string {
  let depth = 0;
  return [...line]
    .map((char, at) => {
      depth += char === '(' ? 1 : char === ')' ? -1 : 0;
      return depth === 0 && char === ' ' && CLAUSE.test(line.slice(at, at + 20)) ? '\n  ' : char;
    })
    .join('');
}
