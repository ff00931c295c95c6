import type { Env } from '../config/env.ts';
import { createSecretBox, type SecretBox, type SecretKeys } from '../config/secret-key.ts';
import { type Database, openDatabase, waitForDatabase } from '../db/client.ts';
import { migrate } from '../db/migrate.ts';
import { assertSessions } from '../db/session.ts';
import type { Tables } from '../db/tables.ts';
import { MOVED_TO, readMeta } from '../db/app-meta.repo.ts';
import { AppError } from '../kernel/errors.ts';
import { QUEUES } from '../queue/catalog.ts';
import { checkSecretKey, ensureControllerId } from './check-secret-key.ts';
import { seedSettings } from './seed-settings.ts';

export interface DatabaseAddress {
  /** What queries use. */
  readonly url: string;
  /** A session connection: LISTEN, locks, a queue in PostgreSQL. */
  readonly directUrl: string;
  readonly migrationUrl: string;
}
export interface Prepared {
  readonly database: Database<Tables>;
  readonly secrets: SecretBox;
  readonly controllerId: string;
  /** Names of the migrations that this start applied. */
  readonly migrated: readonly string[];
}
export interface PrepareOptions {
  readonly env: Pick<Env, 'masterUrl' | 'masterToken' | 'webhookSecret' | 'redisUrl'>;
  readonly keys: SecretKeys;
  readonly applicationName: string;
  readonly maxConnections?: number;
  /** How long a database may take to answer; an embedded one is known to be up. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
  readonly onWait?: (where: string) => void;
  readonly onConnectionError?: (error: Error) => void;
}

/** From an address to a database that is up to date, ours and unlocked: the part of a start that all programs share (R4). */
export async function prepareDatabase(at: DatabaseAddress, options: PrepareOptions): Promise<Prepared> {
  const { env, onWait, onConnectionError, signal } = options;
  const wait = {
    ...(options.waitMs === undefined ? {} : { timeoutMs: options.waitMs }),
    ...(signal === undefined ? {} : { signal }),
    ...(onWait === undefined ? {} : { onWait }),
  };
  for (const url of new Set([at.migrationUrl, at.directUrl, at.url])) await waitForDatabase(url, wait);
  await assertSessions(at.directUrl, at.directUrl === at.url ? 'DATABASE_URL' : 'DATABASE_DIRECT_URL');
  const migrated = await migrate(at.migrationUrl, { queue: env.redisUrl === undefined, queues: QUEUES });
  const database = openDatabase<Tables>(at.url, {
    applicationName: options.applicationName,
    ...(options.maxConnections === undefined ? {} : { max: options.maxConnections }),
    ...(onConnectionError === undefined ? {} : { onConnectionError }),
  });
  try {
    await refuseMoved(database.db);
    const secrets = createSecretBox(options.keys);
    await checkSecretKey(database.db, secrets);
    const controllerId = await ensureControllerId(database.db);
    await seedSettings({ db: database.db, secrets }, env);
    return { database, secrets, controllerId, migrated };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** R7: what was moved goes on elsewhere; a second controller on the same instances would upload all of it again. */
async function refuseMoved(db: Database<Tables>['db']): Promise<void> {
  const target = await readMeta(db, MOVED_TO);
  if (target === undefined) return;
  throw new AppError({
    code: 'database_moved',
    class: 'config',
    message: `This controller was moved to ${target}.`,
    hint: 'Start it there. To go on here instead: pngx-controller move --cancel.',
  });
}

/** Addresses of a database that somebody else runs, or null for the embedded one. */
export function externalDatabase(env: Env): DatabaseAddress | null {
  const { databaseUrl: url } = env;
  if (url === undefined) return null;
  return { url, directUrl: env.databaseDirectUrl ?? url, migrationUrl: env.migrationDatabaseUrl ?? url };
}

export function embeddedDatabase(url: string): DatabaseAddress {
  return { url, directUrl: url, migrationUrl: url };
}
