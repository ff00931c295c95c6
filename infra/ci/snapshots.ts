/** `npm run snapshots`: writes docs/sql/ and docs/schema.sql anew, on a PostgreSQL of its own. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbedded } from '../../shared/db/embedded.ts';
import { migrate } from '../../shared/db/migrate.ts';
import { schemaDump } from './snapshots/schema.ts';
import { sqlSnapshots } from './snapshots/sql.ts';

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));

const dir = await mkdtemp(join(tmpdir(), 'pngx-snapshots-'));
// A server started by root runs under another identity, which has to be able to enter.
await chmod(dir, 0o755);
const server = await startEmbedded(dir, { settings: { fsync: 'off' } });
try {
  await migrate(server.url);
  // All of it before the first file is touched: a statement that fails must not leave half a folder.
  const [schema, statements] = [await schemaDump(server.url), await sqlSnapshots(server.url)];
  await writeFile(join(DOCS, 'schema.sql'), schema);
  await rm(join(DOCS, 'sql'), { recursive: true, force: true });
  await mkdir(join(DOCS, 'sql'), { recursive: true });
  for (const [name, text] of statements) await writeFile(join(DOCS, 'sql', name), text);
} finally {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}
process.stdout.write('docs/schema.sql and docs/sql/ are up to date.\n');
