/** After a good cycle, at most once an hour and only where something changed: a backup into DATA_DIR/backup (C2). */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openSnapshot } from '../../db/backup-dump.ts';
import { backupDue, lastBackup, noteBackup, pruneBackups } from '../../db/backups.repo.ts';
import { HOUR, MINUTE, SECOND } from '../../kernel/clock.ts';
import { toAppError } from '../../kernel/errors.ts';
import type { EngineDeps } from '../deps.ts';
import { writeSnapshot, type BackupDeps, type Made } from './write-backup.ts';

export interface BackupTickDeps extends BackupDeps, Pick<EngineDeps, 'settings' | 'log'> {
  readonly dir: string;
  /** Only one process makes backups. */
  isLeader(): Promise<boolean>;
  readonly everyMs?: number;
}

const RETRY_MS = 5 * MINUTE;
const NAME = /^pngx-\d{8}T\d{9}Z\.backup\.gz$/;
const UNFINISHED = /^\.pngx-.*\.part$/;

export function backupName(at: Date): string {
  return `pngx-${at.toISOString().replaceAll(/[-:.]/g, '')}.backup.gz`;
}

/** Never throws: a full disk must not stop the engine; it is told in the log and on the status page. */
export async function backupTick(deps: BackupTickDeps, signal?: AbortSignal): Promise<'made' | 'unchanged' | null> {
  try {
    const { backupKeep } = await deps.settings();
    if (backupKeep === 0 || !(await deps.isLeader())) return null;
    if (!(await backupDue(deps.db, (deps.everyMs ?? HOUR) / SECOND, RETRY_MS / SECOND))) return null;
    return await makeIfChanged(deps, backupKeep, signal);
  } catch (thrown) {
    if (signal?.aborted === true) return null;
    const { message } = toAppError(thrown);
    deps.log.error(`The controller could not be backed up: ${message}`, { code: 'backup_failed' });
    await noteBackup(deps.db, { state: 'failed', error_msg: message }).catch(() => undefined);
    return null;
  }
}

async function makeIfChanged(deps: BackupTickDeps, keep: number, signal?: AbortSignal): Promise<'made' | 'unchanged'> {
  const snapshot = await openSnapshot(deps.db);
  try {
    const last = await lastBackup(deps.db, 'made');
    if (last?.digest === snapshot.digest && (await stillThere(deps.dir, last.file))) {
      await noteBackup(deps.db, { state: 'unchanged', digest: snapshot.digest });
      return 'unchanged';
    }
    const made = await writeSnapshot(deps, snapshot, join(deps.dir, backupName(deps.clock.now())), signal);
    await recordMade(deps, made);
    await rotate(deps.dir, keep);
    return 'made';
  } finally {
    await snapshot.close();
  }
}

export async function recordMade(deps: Pick<BackupTickDeps, 'db' | 'log'>, made: Made): Promise<void> {
  const { file, bytes, rows, digest, sha256 } = made;
  await noteBackup(deps.db, { state: 'made', file, bytes, row_count: rows, digest, sha256 });
  await pruneBackups(deps.db);
  deps.log.info(`The controller was backed up: ${rows} rows, ${bytes} bytes.`, { file });
}

/** The leader may be another process than the last time, on another machine, or somebody tidied up. */
async function stillThere(dir: string, file: string | null): Promise<boolean> {
  const names = await readdir(dir).catch(() => []);
  return file !== null && names.some((name) => join(dir, name) === file);
}

/** The names are times, so their order is that of their making. What a kill left half done goes, too. */
async function rotate(dir: string, keep: number): Promise<void> {
  await mkdir(dir, { recursive: true });
  const names = await readdir(dir);
  const old = names
    .filter((name) => NAME.test(name))
    .sort()
    .slice(0, -keep);
  for (const name of [...old, ...names.filter((name) => UNFINISHED.test(name))])
    await rm(join(dir, name), { force: true });
}
