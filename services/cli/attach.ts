/** A command works on the database itself (C1): the one of DATABASE_URL, of a running standalone, or of one that stands still. */
import { loadEnv, type Env } from '../../shared/config/env.ts';
import { ensureWritable } from '../../shared/config/directories.ts';
import { resolveSecretKeys } from '../../shared/config/secret-key.ts';
import { runningEmbedded, startEmbedded } from '../../shared/db/embedded.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import {
  openFoundation,
  openProgramLog,
  slotSessionNoter,
  type Foundation,
} from '../../shared/replication/foundation.ts';
import { embeddedDatabase, externalDatabase, type DatabaseAddress } from '../../shared/replication/prepare-database.ts';
import { runWorker } from '../worker/run-worker.ts';
import { problemLines } from './problem-lines.ts';

export interface Attached {
  readonly foundation: Foundation;
  /** No controller runs on this database: nobody is there to do what a command enqueues. */
  readonly alone: boolean;
  /** Does the work in this process until `close`. */
  startWorker(): Promise<void>;
  close(): Promise<void>;
}

const WORKER_STOP_MS = 15_000;

export async function attach(): Promise<Attached> {
  const env = loadEnv(undefined, 'cli');
  const keys = resolveSecretKeys(env);
  const server = await locate(env);
  const ends: (() => Promise<void>)[] = [server.stop];
  const close = async (): Promise<void> => {
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) await end();
  };
  const worker = Promise.withResolvers<string>();
  try {
    const foundation = await openFoundation({
      env,
      keys,
      address: server.address,
      role: 'cli',
      logs: openProgramLog(env, problemLines(process.stderr)),
      life: { onStop: (_name, end) => void ends.push(end), stopping: new AbortController().signal },
      onSlotSession: slotSessionNoter(() => foundation, worker.promise),
    });
    const startWorker = async (): Promise<void> => {
      const running = await runWorker(foundation, 'cli');
      ends.push(() => running.close(WORKER_STOP_MS));
      worker.resolve(running.workerId);
    };
    return { foundation, alone: server.alone, startWorker, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Located {
  readonly address: DatabaseAddress;
  readonly alone: boolean;
  readonly stop: () => Promise<void>;
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
