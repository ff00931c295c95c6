/** A controller, backups of it in a folder, and what becomes of a database that one is put into. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { insertMeta, CANARY } from '../../../shared/db/app-meta.repo.ts';
import { ALL_TABLES, KEPT_TABLES } from '../../../shared/db/backup-tables.ts';
import { openDatabase } from '../../../shared/db/client.ts';
import type { Db, Tables } from '../../../shared/db/tables.ts';
import { systemClock } from '../../../shared/kernel/clock.ts';
import { restoreBackup, type RestoreOptions, type Restored } from '../../../shared/replication/backup/restore.ts';
import { writeBackup, type Made } from '../../../shared/replication/backup/write-backup.ts';
import { KEY_PLAIN } from '../../../shared/replication/check-secret-key.ts';
import type { Controller } from '../../support/controller.ts';
import { fastFolder } from '../../support/fast-folder.ts';

export async function folder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(fastFolder(), 'pngx-backup-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** As the programs do at their start: the tests' controllers leave it out. */
export async function plantCanary(controller: Controller): Promise<void> {
  await insertMeta(controller.db, CANARY, controller.secrets.seal(KEY_PLAIN));
}

export function backUp(db: Db, file: string): Promise<Made> {
  return writeBackup({ db, clock: systemClock, version: '9.9.9' }, file);
}

export function restore(
  controller: { readonly key: string; readonly database: { readonly ownerUrl: string } },
  file: string,
  options: Partial<RestoreOptions> = {},
): Promise<Restored> {
  const keys = { current: controller.key, old: undefined };
  // Empties tables and defers constraints: work for the role that migrates, and what the command uses.
  return restoreBackup(file, controller.database.ownerUrl, { keys, force: true, queue: true, ...options });
}

/** Every row of every kept table as text: what a restore has to bring back exactly. */
export async function contentOf(url: string): Promise<Record<string, string[]>> {
  const { db, close } = openDatabase<Tables>(url, { max: 1 });
  try {
    const content: Record<string, string[]> = {};
    for (const name of KEPT_TABLES) {
      const { rows } = await sql<{ row: string }>`select t::text as row from ${sql.table(name)} t order by 1`.execute(
        db,
      );
      content[name] = rows.map(({ row }) => row);
    }
    return content;
  } finally {
    await close();
  }
}

export async function countAll(db: Db): Promise<number> {
  let all = 0;
  for (const name of ALL_TABLES) {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(name)}`.execute(db);
    all += rows[0]?.n ?? 0;
  }
  return all;
}

/** The file with its text changed, packed again. */
export async function rewritten(file: string, to: string, change: (text: string) => string): Promise<string> {
  await writeFile(to, gzipSync(change(gunzipSync(await readFile(file)).toString('utf8'))));
  return to;
}
