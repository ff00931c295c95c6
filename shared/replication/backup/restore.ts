/** Puts a backup in the place of a database's content (C2, R7), in one transaction: a kill leaves the old state. */
import { createSecretBox, type SecretKeys } from '../../config/secret-key.ts';
import { deleteMeta, MOVED_TO } from '../../db/app-meta.repo.ts';
import {
  deferReferences,
  emptyDatabase,
  forgetProcesses,
  holdsData,
  insertLines,
  programsAtWork,
  setSequences,
  tablesOf,
  viaOlderSchema,
} from '../../db/backup-load.ts';
import { plainTexts } from '../../db/backup-dump.ts';
import { markRestored, releaseRestored } from '../../db/backups.repo.ts';
import { type Database, openDatabase, waitForDatabase } from '../../db/client.ts';
import { marked, migrate } from '../../db/migrate.ts';
import { migrations } from '../../db/migrations/index.ts';
import type { Db, Tables } from '../../db/tables.ts';
import { AppError } from '../../kernel/errors.ts';
import { QUEUES } from '../../queue/catalog.ts';
import { forgetUnreadable } from '../rotate-key.ts';
import type { Header } from './format.ts';
import { batchesOf, checkBackup } from './read-backup.ts';

export interface RestoreOptions {
  readonly keys: Pick<SecretKeys, 'current' | 'old'>;
  /** Also over a database that somebody has set up. */
  readonly force: boolean;
  /** Whether the queue lives in that database. */
  readonly queue: boolean;
  /** The content is that of a controller that was stopped for it: nothing can have happened since. */
  readonly moved?: boolean;
  /** SECRET_KEY is lost: the tokens are typed anew. */
  readonly forgetTokens?: boolean;
}
export interface Restored {
  readonly madeAt: string;
  readonly app: string;
  readonly rows: number;
  readonly forgotten: readonly string[];
}

/** No run, job or lock of before may mean a row that is given out from now on. */
const LEAP = 1_000_000;

export async function restoreBackup(file: string, url: string, options: RestoreOptions): Promise<Restored> {
  const secrets = createSecretBox(options.keys);
  const forget = options.forgetTokens === true;
  const header = await checkBackup(file, { secrets: forget ? null : secrets, known: migrations });
  await waitForDatabase(url);
  const database = openUnlimited(url);
  try {
    await refuseInUse(database.db);
    await migrate(url, { queue: options.queue, queues: QUEUES });
    const forgotten = await database.db.transaction().execute(async (trx) => {
      if (!options.force && (await holdsData(trx))) throw notEmpty();
      await load(trx, file, header);
      const leap = options.moved === true ? 0 : LEAP;
      await setSequences(trx, header.sequences, leap);
      await deleteMeta(trx, MOVED_TO);
      if (options.moved === true) await releaseRestored(trx, LEAP);
      else await markRestored(trx, `The controller was restored from a backup of ${header.made_at}.`, LEAP);
      return forget ? await forgetUnreadable(trx, secrets) : [];
    });
    const rows = header.tables.reduce((sum, table) => sum + table.rows, 0);
    return { madeAt: header.made_at, app: header.app, rows, forgotten };
  } finally {
    await database.close();
  }
}

/** One session that nothing ends early: what it does is one transaction over every table. */
function openUnlimited(url: string): Database<Tables> {
  return openDatabase<Tables>(url, { max: 1, applicationName: 'pngx-controller restore', statementTimeoutMs: 0 });
}

/** The same marks for a database that came back by other means than a backup of ours (H10). */
export async function markPutBack(url: string): Promise<void> {
  await waitForDatabase(url);
  await migrate(url, { queue: false });
  const database = openUnlimited(url);
  try {
    await refuseInUse(database.db);
    await database.db.transaction().execute(async (trx) => {
      await forgetProcesses(trx);
      await setSequences(trx, {}, LEAP);
      await markRestored(trx, 'The database of the controller was put back to an earlier state.', LEAP);
    });
  } finally {
    await database.close();
  }
}

export async function refuseInUse(db: Db): Promise<void> {
  const programs = await programsAtWork(db);
  if (programs.length === 0) return;
  throw new AppError({
    code: 'database_in_use',
    class: 'config',
    message: `The database is in use: ${programs.join(', ')}.`,
    hint: 'Stop every API, worker and standalone program of it first. Nothing was changed.',
  });
}

function notEmpty(): AppError {
  return new AppError({
    code: 'database_not_empty',
    class: 'config',
    message: 'The database holds the settings, replicas or links of a controller; a restore would replace all of them.',
    hint: 'If that is wanted, repeat it with --force. Nothing was changed.',
  });
}

async function load(trx: Db, file: string, header: Header): Promise<void> {
  await plainTexts(trx);
  await emptyDatabase(trx);
  const known = marked(migrations);
  const insert = () => insertRows(trx, file);
  if (Object.keys(known).every((name) => header.schema.includes(name))) await deferReferences(trx, insert);
  else await viaOlderSchema(trx, known, header.schema, insert);
}

async function insertRows(trx: Db, file: string): Promise<void> {
  const tables = await tablesOf(trx);
  for await (const { table, lines } of batchesOf(file)) {
    const own = tables.get(table.table) ?? [];
    const columns = table.columns.flatMap((name) => own.find((column) => column.name === name) ?? []);
    if (columns.length !== table.columns.length)
      throw new AppError({
        code: 'backup_unreadable',
        class: 'config',
        message: `The backup names columns of ${table.table} that its own release does not have.`,
        hint: 'Nothing was changed.',
      });
    await insertLines(trx, table.table, columns, lines);
  }
}
