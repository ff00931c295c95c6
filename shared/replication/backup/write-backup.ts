/** Makes a backup of our own database (C2): to a stream, or as a file that is complete or not there. */
import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { CANARY, readMeta } from '../../db/app-meta.repo.ts';
import { openSnapshot, type Snapshot } from '../../db/backup-dump.ts';
import type { Db } from '../../db/tables.ts';
import type { Clock } from '../../kernel/clock.ts';
import { AppError } from '../../kernel/errors.ts';
import { FORMAT, FORMAT_VERSION, type EndLine, type Header, type TableLine } from './format.ts';

export interface BackupDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly version: string;
}
export interface Made {
  readonly file: string;
  readonly bytes: number;
  readonly rows: number;
  readonly digest: string;
  readonly sha256: string;
}
interface Sums {
  rows: number;
  sha256: string;
}

/** Packed; ends the snapshot when it was read, or when its reader goes away. */
export async function backupStream(deps: BackupDeps): Promise<Readable> {
  const snapshot = await openSnapshot(deps.db);
  const header = await headerOf(deps, snapshot).catch(async (error: unknown) => {
    await snapshot.close();
    throw error;
  });
  const packed = createGzip();
  const lines = Readable.from(linesOf(snapshot, header, { rows: 0, sha256: '' }));
  pipeline(lines, packed)
    .catch((error: Error) => packed.destroy(error))
    .finally(() => void snapshot.close().catch(() => undefined));
  return packed;
}

export async function writeBackup(deps: BackupDeps, file: string, signal?: AbortSignal): Promise<Made> {
  const snapshot = await openSnapshot(deps.db);
  try {
    return await writeSnapshot(deps, snapshot, file, signal);
  } finally {
    await snapshot.close();
  }
}

/** Written beside, then synced and renamed: a kill at any point leaves no half file under the name (C2). */
export async function writeSnapshot(
  deps: BackupDeps,
  snapshot: Snapshot,
  file: string,
  signal?: AbortSignal,
): Promise<Made> {
  const header = await headerOf(deps, snapshot);
  await mkdir(dirname(file), { recursive: true });
  const temporary = join(dirname(file), `.${basename(file)}.${randomBytes(4).toString('hex')}.part`);
  const sums: Sums = { rows: 0, sha256: '' };
  try {
    const out = createWriteStream(temporary, { mode: 0o600, flush: true });
    await pipeline(Readable.from(linesOf(snapshot, header, sums)), createGzip(), out, signal ? { signal } : {});
    await chmod(temporary, 0o600);
    const { size } = await stat(temporary);
    await rename(temporary, file);
    await syncDirectory(dirname(file));
    return { file, bytes: size, ...sums, digest: snapshot.digest };
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The name of a new file lasts only when its directory was synced. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function headerOf(deps: BackupDeps, snapshot: Snapshot): Promise<Header> {
  const canary = await readMeta(deps.db, CANARY);
  if (canary === undefined)
    throw new AppError({
      code: 'backup_failed',
      class: 'config',
      message: 'There is nothing to back up: no controller was started on this database yet.',
    });
  return {
    format: FORMAT,
    version: FORMAT_VERSION,
    app: deps.version,
    made_at: deps.clock.now().toISOString(),
    schema: [...snapshot.schema],
    key_canary: canary,
    digest: snapshot.digest,
    tables: snapshot.tables.map(({ name, rows }) => ({ name, rows })),
    sequences: { ...snapshot.sequences },
  };
}

async function* linesOf(snapshot: Snapshot, header: Header, sums: Sums): AsyncGenerator<string> {
  const hash = createHash('sha256');
  const hashed = (text: string): string => {
    hash.update(text);
    return text;
  };
  yield hashed(`${JSON.stringify(header)}\n`);
  for (const table of snapshot.tables) {
    const opening: TableLine = { table: table.name, columns: [...table.columns] };
    yield hashed(`${JSON.stringify(opening)}\n`);
    for await (const batch of snapshot.rows(table)) {
      sums.rows += batch.length;
      yield hashed(`${batch.join('\n')}\n`);
    }
  }
  sums.sha256 = hash.digest('hex');
  const end: EndLine = { end: true, rows: sums.rows, sha256: sums.sha256 };
  yield `${JSON.stringify(end)}\n`;
}
