/** A worker process that a given document ends with SIGKILL: as soon as the file of that document was asked for. */
import { z } from 'zod';
import type { EngineLog } from '../../shared/replication/deps.ts';
import { startTestWorker } from './test-worker.ts';

const jobShape = z.object({
  databaseUrl: z.string(),
  redisUrl: z.string().optional(),
  key: z.string(),
  /** A part of the path of the request. */
  poison: z.string(),
});
const silent: EngineLog = { info: () => undefined, warning: () => undefined, error: () => undefined };
const { poison, ...rest } = jobShape.parse(JSON.parse(process.argv[2] ?? '{}'));

void startTestWorker({
  ...rest,
  concurrency: 4,
  log: silent,
  presence: { beatMs: 100, deadAfterMs: 600 },
  onRequest: ({ path }) => {
    // As sudden as a power cut: no handler runs, sockets are closed by the kernel.
    if (path.includes(poison)) process.kill(process.pid, 'SIGKILL');
  },
});
