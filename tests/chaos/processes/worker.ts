/** `npm run worker` with the waits of chaos, and a line for each write it makes: whoever judges knows who wrote, and when. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { loadEnv } from '../../../shared/config/env.ts';
import { EXIT } from '../../../shared/config/exit-codes.ts';
import { runProcess, type ProcessLife } from '../../../shared/config/process-life.ts';
import { resolveSecretKeys } from '../../../shared/config/secret-key.ts';
import type { RequestEvent } from '../../../shared/paperless/client.ts';
import { openFoundation, openProgramLog, slotSessionNoter } from '../../../shared/replication/foundation.ts';
import { externalDatabase } from '../../../shared/replication/prepare-database.ts';
import { startWorker } from '../../../services/worker/start.ts';
import { PACE } from '../pace.ts';

const writesFile = z.string().parse(process.argv[2]);
let workerId = '';

function noteWrite({ target, method, path, status, ms, outcome }: RequestEvent): void {
  if (method === 'GET' || method === 'HEAD') return;
  // Not Date: its clock may be wrong.
  const at = performance.timeOrigin + performance.now() - ms;
  appendFileSync(writesFile, `${JSON.stringify({ worker: workerId, at, target, method, path, status, outcome })}\n`);
}

async function start(life: ProcessLife): Promise<void> {
  const env = loadEnv(undefined, 'worker');
  const logs = openProgramLog(env);
  const address = externalDatabase(env);
  if (address === null) throw new Error('DATABASE_URL is missing.');
  const id = Promise.withResolvers<string>();
  const foundation = await openFoundation({
    env,
    keys: resolveSecretKeys(env),
    address,
    role: 'worker',
    logs,
    life,
    onSlotSession: slotSessionNoter(() => foundation, id.promise),
  });
  const { logger, engineMetrics, processId, ...rest } = foundation;
  const running = await startWorker({
    ...rest,
    ...PACE,
    metrics: engineMetrics,
    scratchDir: env.scratchDir,
    jobLog: logger,
    role: 'worker',
    workerId: processId,
    backups: { dir: join(env.dataDir, 'backup') },
    concurrency: env.workerConcurrency,
    onRequest: noteWrite,
    onFenced: () => process.exit(EXIT.fenced),
  });
  workerId = running.workerId;
  id.resolve(workerId);
  life.onStop('the worker', () => running.close(5000));
  logger.info({ worker: workerId }, 'working');
}

runProcess(start);
