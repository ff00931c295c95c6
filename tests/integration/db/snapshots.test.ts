/** The committed SQL and schema are those of the code. After a wanted change: `npm run snapshots`, and read the difference. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schemaDump } from '../../../infra/ci/snapshots/schema.ts';
import { sqlSnapshots } from '../../../infra/ci/snapshots/sql.ts';
import { CALLS } from '../../../infra/ci/snapshots/calls.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const committed = (path: string): Promise<string> => readFile(`${ROOT}/docs/${path}`, 'utf8');

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('docs/schema.sql is the schema after all migrations', async () => {
  expect(await schemaDump(database.url)).toBe(await committed('schema.sql'));
});

// All of it is sent as the runtime role: what a method may not do shows here first (S6).
test('docs/sql holds what every repository method sends', async () => {
  const snapshots = await sqlSnapshots(database.url);
  expect((await readdir(`${ROOT}/docs/sql`)).sort()).toEqual([...snapshots.keys()].sort());
  for (const [name, text] of snapshots) expect(text, name).toBe(await committed(`sql/${name}`));
});

describe('the snapshots', () => {
  test('know every repository', async () => {
    const repos = (await readdir(`${ROOT}/shared/db`)).filter((name) => name.endsWith('.repo.ts'));
    expect(Object.keys(CALLS).sort()).toEqual(repos.map((name) => name.replace('.repo.ts', '')).sort());
  });

  test('show a statement of every method', async () => {
    for (const name of await readdir(`${ROOT}/docs/sql`)) {
      const silent = (await committed(`sql/${name}`)).split('\n-- ').filter((part) => !part.includes(';\n'));
      expect(silent.slice(1), name).toEqual([]);
    }
  });
});
