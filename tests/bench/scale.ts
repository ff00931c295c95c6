import { cpus } from 'node:os';
import { hasRedis, startRedis } from '../support/redis.ts';
import { openStage, round, seconds, spawnSimulator } from './stage.ts';

const LATENCY_MS = 50;
/** Document jobs at once in each process: few, so that it is latency and not the processors that one process is short of. */
const CONCURRENCY = 4;

/** First sync at 50 ms latency by 1, 2 and 4 worker processes with the cap raised: what one more process brings. */
export async function benchScale(docs: number | null): Promise<object[]> {
  const count = docs ?? 2000;
  const lines: object[] = [];
  let alone = 0;
  for (const processes of [1, 2, 4]) {
    const took = await firstSync(count, processes);
    if (processes === 1) alone = took;
    lines.push({
      documents: count,
      latency_ms: LATENCY_MS,
      jobs_a_process: CONCURRENCY,
      processors: cpus().length,
      processes,
      per_second: round(count / took),
      ratio: round(alone / took),
      aim: { 1: 1, 2: 1.9, 4: 3.2 }[processes],
    });
  }
  return lines;
}

async function firstSync(count: number, processes: number): Promise<number> {
  const latency = ['--latency', String(LATENCY_MS)];
  const master = await spawnSimulator('--profile', 'v3', '--docs', String(count), ...latency);
  const replica = await spawnSimulator('--profile', 'v3', '--consumers', '16', ...latency);
  const redis = hasRedis ? await startRedis() : null;
  const settings = { max_concurrent_requests: '32', max_replica_queue: '100' };
  const stage = await openStage(master, { replica }, redis?.url, {
    processes,
    concurrency: CONCURRENCY,
    settings,
  });
  try {
    const run = await stage.cycle();
    if (run.outcome !== 'ok') throw new Error(`the sync ended ${run.outcome}`);
    return seconds(run);
  } finally {
    await stage.close();
    await redis?.close();
    master.stop();
    replica.stop();
  }
}
