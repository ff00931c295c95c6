/**
 * A worker process that ends itself with SIGKILL at a given point, or reports the points it passes. Started by
 * crash.test.ts with one JSON argument; `killAt: null` only counts.
 */
import { z } from 'zod';
import type { EngineLog } from '../../shared/replication/deps.ts';
import { startTestWorker } from './test-worker.ts';

const job = z
  .object({ databaseUrl: z.string(), redisUrl: z.string().optional(), key: z.string(), killAt: z.string().nullable() })
  .parse(JSON.parse(process.argv[2] ?? ''));

const seen = new Map<string, number>();
function pass(name: string): Promise<void> {
  // Points are counted from the beginning of a document, so that each is met early in a later process too.
  if (name === 'locate') seen.clear();
  const count = (seen.get(name) ?? 0) + 1;
  seen.set(name, count);
  const point = `${name}#${count}`;
  if (job.killAt === null) console.log(`point ${point}`);
  // As sudden as a power cut: no handler runs, sockets are closed by the kernel.
  if (point === job.killAt) process.kill(process.pid, 'SIGKILL');
  return Promise.resolve();
}

const silent: EngineLog = { info: () => undefined, warning: () => undefined, error: () => undefined };
await startTestWorker({
  concurrency: 1,
  databaseUrl: job.databaseUrl,
  redisUrl: job.redisUrl,
  key: job.key,
  log: silent,
  presence: { beatMs: 100, deadAfterMs: 600 },
  racePoint: pass,
  aroundRequest: (when, target) => pass(`${target === 0 ? 'master' : 'replica'} request ${when}`),
});
