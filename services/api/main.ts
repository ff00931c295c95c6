/** `npm run api`: the HTTP side alone; workers run beside it, on the same database and queue. */
import { loadEnv } from '../../shared/config/env.ts';
import { runProcess, type ProcessLife } from '../../shared/config/process-life.ts';
import { resolveSecretKeys } from '../../shared/config/secret-key.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { exitFenced, openFoundation, openProgramLog, slotSessionNoter } from '../../shared/replication/foundation.ts';
import { externalDatabase } from '../../shared/replication/prepare-database.ts';
import { startPresence } from '../../shared/replication/presence.ts';
import { createApiDeps } from './deps.ts';
import { prepareDoor } from './open-door.ts';
import { startApi } from './server.ts';

const STOP_MS = 10_000;

async function start(life: ProcessLife): Promise<void> {
  const env = loadEnv(undefined, 'api');
  const logs = openProgramLog(env);
  const address = externalDatabase(env);
  // loadEnv refuses this already for the role; here it is told to the compiler.
  if (address === null)
    throw new AppError({ code: 'env_invalid', class: 'config', message: 'DATABASE_URL is missing.' });
  const processId = Promise.withResolvers<string>();
  const foundation = await openFoundation({
    env,
    keys: resolveSecretKeys(env),
    address,
    role: 'api',
    logs,
    life,
    onSlotSession: slotSessionNoter(() => foundation, processId.promise),
  });
  const presence = await startPresence(foundation.database.db, {
    workerId: foundation.processId,
    role: 'api',
    version: foundation.version,
    clock: systemClock,
    onDeclaredDead: exitFenced,
  });
  life.onStop('the heartbeat', () => presence.stop());
  processId.resolve(presence.workerId);
  const tell = await prepareDoor(foundation);
  const api = await startApi(
    createApiDeps(foundation, () => life.stopping.aborted),
    { host: env.host, port: env.port },
  );
  life.onStop('the API', () => api.close(STOP_MS));
  foundation.logger.info({ url: api.url }, `listening on ${api.url}`);
  tell(api.url);
}

runProcess(start);
