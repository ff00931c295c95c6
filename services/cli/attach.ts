/** A command works on the database itself (C1): the one of DATABASE_URL, of a running standalone, or of one that stands still. */
import { loadEnv, type Env } from '../../shared/config/env.ts';
import { ensureWritable } from '../../shared/config/directories.ts';
import { resolveSecretKeys } from '../../shared/config/secret-key.ts';
import { runningEmbedded, startEmbedded } from '../../shared/db/embedded.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { embeddedDatabase, externalDatabase, prepareDatabase } from '../../shared/replication/prepare-database.ts';
import type { DatabaseAddress, Prepared } from '../../shared/replication/prepare-database.ts';

export interface Attached extends Prepared {
  readonly env: Env;
  readonly address: DatabaseAddress;
  /** Nobody else runs this database: no worker is there to do what a command enqueues. */
  readonly alone: boolean;
  close(): Promise<void>;
}

export async function attach(): Promise<Attached> {
  const env = loadEnv(undefined, 'cli');
  const keys = resolveSecretKeys(env);
  const server = await locate(env);
  try {
    const prepared = await prepareDatabase(server.address, {
      env,
      keys,
      applicationName: 'pngx-controller cli',
      maxConnections: 4,
      onWait: (where) => process.stderr.write(`Waiting for the database at ${where} ...\n`),
    });
    const close = async (): Promise<void> => {
      await prepared.database.close();
      await server.stop();
    };
    return { ...prepared, env, address: server.address, alone: server.alone, close };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

interface Located {
  readonly address: DatabaseAddress;
  readonly alone: boolean;
  stop(): Promise<void>;
}

export async function locate(env: Env): Promise<Located> {
  const external = externalDatabase(env);
  const stayUp = () => Promise.resolve();
  if (external !== null) return { address: external, alone: false, stop: stayUp };
  await ensureWritable('DATA_DIR', env.dataDir);
  try {
    const embedded = await startEmbedded(env.dataDir);
    return { address: embeddedDatabase(embedded.url), alone: true, stop: () => embedded.stop() };
  } catch (error) {
    // A controller owns it and runs: its server is the one to talk to.
    const running = isBusy(error) ? await runningEmbedded(env.dataDir) : null;
    if (running === null) throw error;
    return { address: embeddedDatabase(running), alone: false, stop: stayUp };
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof AppError && error.code === 'data_dir_busy';
}
