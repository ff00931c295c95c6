import { ensureWritable } from '../../shared/config/directories.ts';
import { loadEnv, type Env } from '../../shared/config/env.ts';
import type { ProcessLife } from '../../shared/config/process-life.ts';
import { resolveSecretKeys, type SecretKeys } from '../../shared/config/secret-key.ts';
import { startEmbedded } from '../../shared/db/embedded.ts';
import {
  openFoundation,
  openProgramLog,
  slotSessionNoter,
  type Foundation,
  type ProgramLog,
} from '../../shared/replication/foundation.ts';
import { embeddedDatabase, externalDatabase, type DatabaseAddress } from '../../shared/replication/prepare-database.ts';
import { createApiDeps } from '../api/deps.ts';
import { prepareDoor } from '../api/open-door.ts';
import { startApi } from '../api/server.ts';
import { readableLines } from './readable-lines.ts';
import { runWorker } from '../worker/run-worker.ts';

/** Of the 25 s to stop, what the worker may take to hand back and the server to finish its answers (R4). */
const WORKER_STOP_MS = 17_000;
const API_STOP_MS = 2_000;

/** The embedded server is opened first and so is ended last: everything else needs it until then. */
export async function startStandalone(life: ProcessLife): Promise<void> {
  const env = loadEnv(undefined, 'standalone');
  const terminal = process.stdout.isTTY;
  const logs = openProgramLog(env, terminal ? readableLines(process.stdout) : undefined);
  // Before the key: it is made only in a directory that is empty, and the check leaves nothing behind.
  if (env.databaseUrl === undefined) await ensureWritable('DATA_DIR', env.dataDir);
  const keys = resolveSecretKeys(env);
  const address = externalDatabase(env) ?? (await openEmbedded(env, life, logs));
  const worker = Promise.withResolvers<string>();
  const foundation = await openFoundation({
    env,
    keys,
    address,
    role: 'standalone',
    logs,
    life,
    onSlotSession: slotSessionNoter(() => foundation, worker.promise),
  });
  const tell = await prepareDoor(foundation);
  const api = await startApi(
    createApiDeps(foundation, () => life.stopping.aborted),
    { host: env.host, port: env.port },
  );
  life.onStop('the API', () => api.close(API_STOP_MS));
  const running = await runWorker(foundation, 'standalone');
  life.onStop('the worker', () => running.close(WORKER_STOP_MS));
  worker.resolve(running.workerId);
  announce(foundation, api.url, keys, terminal);
  tell(api.url);
}

async function openEmbedded(env: Env, life: ProcessLife, { logger }: ProgramLog): Promise<DatabaseAddress> {
  const embedded = await startEmbedded(env.dataDir, {
    onEvent: (text, failure) =>
      failure === undefined ? logger.warn(text) : logger.error({ code: failure.code }, text),
  });
  life.onStop('the embedded PostgreSQL', () => embedded.stop());
  logger.info(
    embedded.adopted
      ? 'Took over the PostgreSQL server of an earlier start.'
      : 'Started the embedded PostgreSQL server.',
  );
  return embeddedDatabase(embedded.url);
}

function announce({ logger, version, env }: Foundation, url: string, keys: SecretKeys, terminal: boolean): void {
  const key = keys.createdFile;
  if (!terminal) {
    logger.info({ url }, `listening on ${url}`);
    if (key !== undefined)
      logger.warn(`A new SECRET_KEY was written to ${key}. Keep a copy: without it no stored token can be read.`);
    return;
  }
  const who = env.door.mode === 'none' && env.door.loopback ? ' (this machine only, without login)' : '';
  process.stdout.write(`pngx-controller ${version} listening on ${url}${who}\n`);
  if (key !== undefined)
    process.stdout.write(`A new SECRET_KEY is in ${key}. Keep a copy: without it no stored token can be read.\n`);
}
