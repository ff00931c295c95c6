/**
 * A worker process that ends itself with SIGKILL at a given point, or reports the points it passes. It loads, then waits
 * for one JSON line on standard input; `killAt: null` only counts.
 */
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { EngineLog } from '../../shared/replication/deps.ts';
import { startTestWorker } from './test-worker.ts';

const jobShape = z.strictObject({
  databaseUrl: z.string(),
  key: z.string(),
  killAt: z.string().nullable(),
  timings: z.record(z.string(), z.number()).optional(),
  redisUrl: z.string().optional(),
  /** One at a time, so that a point is passed by one document only, unless the test is about what dies beside it. */
  concurrency: z.number().default(1),
  presence: z
    .strictObject({ beatMs: z.number(), deadAfterMs: z.number(), writeGraceMs: z.number().default(10_000) })
    .prefault({ beatMs: 100, deadAfterMs: 600 }),
});
const seen = new Map<string, number>();
const silent: EngineLog = { info: () => undefined, warning: () => undefined, error: () => undefined };

function passing(killAt: string | null) {
  return (name: string): Promise<void> => {
    // Points are counted from the beginning of a document, so that each is met early in a later process too.
    if (name === 'locate') seen.clear();
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    const point = `${name}#${count}`;
    if (killAt === null) console.log(`point ${point}`);
    // As sudden as a power cut: no handler runs, sockets are closed by the kernel.
    if (point === killAt) process.kill(process.pid, 'SIGKILL');
    return Promise.resolve();
  };
}

const lines = createInterface({ input: process.stdin });
// Whoever started this process is gone: so is its database.
lines.once('close', () => process.exit(0));
lines.once('line', (line) => {
  const { databaseUrl, key, killAt, timings, redisUrl, concurrency, presence } = jobShape.parse(JSON.parse(line));
  const pass = passing(killAt);
  void startTestWorker({
    concurrency,
    databaseUrl,
    redisUrl,
    key,
    log: silent,
    presence,
    // As the product does; a process that the others believe dead must take no more jobs.
    onFenced: () => process.exit(1),
    racePoint: pass,
    timings,
    aroundRequest: (when, target) => pass(`${target === 0 ? 'master' : 'replica'} request ${when}`),
  });
});
