/** `npm run worker`: works off the queue; start as many as wanted, on one database and queue. */
import { loadEnv } from '../../shared/config/env.ts';
import { runProcess, type ProcessLife } from '../../shared/config/process-life.ts';
import { resolveSecretKeys } from '../../shared/config/secret-key.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { openFoundation, openProgramLog, slotSessionNoter } from '../../shared/replication/foundation.ts';
import { keyOfHeader } from '../../shared/replication/doors/api-keys.ts';
import { externalDatabase } from '../../shared/replication/prepare-database.ts';
import { createHealth } from '../../shared/telemetry/health.ts';
import { startHealthServer } from './health-server.ts';
import { runWorker } from './run-worker.ts';

/** Of the 25 s to stop: what handing back may take (R4). */
const STOP_MS = 20_000;

async function start(life: ProcessLife): Promise<void> {
  const env = loadEnv(undefined, 'worker');
  const logs = openProgramLog(env);
  const address = externalDatabase(env);
  // loadEnv refuses this already for the role; here it is told to the compiler.
  if (address === null)
    throw new AppError({ code: 'env_invalid', class: 'config', message: 'DATABASE_URL is missing.' });
  const workerId = Promise.withResolvers<string>();
  const foundation = await openFoundation({
    env,
    keys: resolveSecretKeys(env),
    address,
    role: 'worker',
    logs,
    life,
    onSlotSession: slotSessionNoter(() => foundation, workerId.promise),
  });
  const health = createHealth({
    db: async () => void (await foundation.database.pool.query('select 1')),
    queue: () => foundation.backend.ping(),
  });
  const server = await startHealthServer(
    health,
    foundation.metrics,
    { host: env.host, port: env.workerPort },
    async (authorization) => !env.door.metricsAuth || Boolean(await keyOfHeader(foundation.database.db, authorization)),
  );
  life.onStop('the health server', () => server.close());
  const running = await runWorker(foundation, 'worker');
  life.onStop('the worker', () => {
    health.setReady(false);
    return running.close(STOP_MS);
  });
  workerId.resolve(running.workerId);
  health.setReady(true);
  foundation.logger.info({ worker: running.workerId }, 'working');
}

runProcess(start);
