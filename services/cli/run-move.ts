/** R7: a controller that stands still goes on in another PostgreSQL. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { serverUrl } from '../../shared/config/env-values.ts';
import { loadEnv, type Env } from '../../shared/config/env.ts';
import { EXIT } from '../../shared/config/exit-codes.ts';
import { resolveSecretKeys } from '../../shared/config/secret-key.ts';
import { deleteMeta, insertMeta, MOVED_TO, readMeta } from '../../shared/db/app-meta.repo.ts';
import { describeUrl, openDatabase, waitForDatabase, type Database } from '../../shared/db/client.ts';
import { migrate } from '../../shared/db/migrate.ts';
import type { Tables } from '../../shared/db/tables.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import { programVersion } from '../../shared/replication/foundation.ts';
import { refuseInUse, restoreBackup, type Restored } from '../../shared/replication/backup/restore.ts';
import { writeBackup } from '../../shared/replication/backup/write-backup.ts';
import { locate } from './attach.ts';
import { printJson, printLines } from './print.ts';
import { usageError } from './arguments.ts';

export interface MoveCommand {
  /** Undefined: go on here. */
  readonly to: string | undefined;
  readonly force: boolean;
  readonly json: boolean;
}

export async function runMove({ to, force, json }: MoveCommand): Promise<number> {
  const env = loadEnv(undefined, 'cli');
  const target = to === undefined ? null : await targetUrl(to);
  const server = await locate(env);
  let database: Database<Tables> | null = null;
  try {
    await waitForDatabase(server.address.migrationUrl);
    await migrate(server.address.migrationUrl, { queue: false });
    database = openDatabase<Tables>(server.address.migrationUrl, { max: 2, applicationName: 'pngx-controller move' });
    if (target === null) {
      await deleteMeta(database.db, MOVED_TO);
      printLines(['This controller may be started again. Make sure that the other one is not.']);
      return EXIT.ok;
    }
    const moved = await move(env, database, target, force);
    if (json) printJson({ ...moved, to: describeUrl(target) });
    else
      printLines([
        `Moved ${moved.rows} rows to ${describeUrl(target)}. Start the controller there, with the same SECRET_KEY.`,
      ]);
    return EXIT.ok;
  } finally {
    await database?.close();
    await server.stop();
  }
}

/** A password in the arguments shows in the list of processes, so it may come through standard input. */
async function targetUrl(given: string): Promise<string> {
  const url = given === '-' ? (await text(process.stdin)).trim() : given;
  const parsed = serverUrl(['postgres', 'postgresql'], 'postgres://user:password@host:5432/name').safeParse(url);
  if (!parsed.success) throw usageError(`--to ${parsed.error.issues[0]?.message ?? 'is no address.'}`, 'move');
  return parsed.data;
}

/**
 * Marked before the first row leaves: from then on at most one of the two can start. To be repeated after a kill, to the
 * same place only: the mark of an earlier move that succeeded is what keeps this controller from starting.
 */
async function move(env: Env, { db }: Database<Tables>, target: string, force: boolean): Promise<Restored> {
  await refuseInUse(db);
  const place = describeUrl(target);
  const first = await insertMeta(db, MOVED_TO, place);
  if (!first) await refuseElsewhere(db, place);
  const file = join(env.scratchDir, `move-${randomBytes(6).toString('hex')}.gz`);
  try {
    await writeBackup({ db, clock: systemClock, version: programVersion() }, file);
    return await restoreBackup(file, target, {
      keys: resolveSecretKeys(env),
      force,
      queue: env.redisUrl === undefined,
      moved: true,
    });
  } catch (error) {
    // Refused before anything was changed. After any other fault nobody knows whether it is there: the mark stays.
    if (first && error instanceof AppError && error.class === 'config') await deleteMeta(db, MOVED_TO);
    throw error;
  } finally {
    await rm(file, { force: true });
  }
}

async function refuseElsewhere(db: Database<Tables>['db'], place: string): Promise<void> {
  const earlier = await readMeta(db, MOVED_TO);
  if (earlier === undefined || earlier === place) return;
  throw new AppError({
    code: 'database_moved',
    class: 'config',
    message: `This controller was moved to ${earlier}.`,
    hint: 'Two places must never go on with it. If nothing runs there: pngx-controller move --cancel, then move again.',
  });
}
