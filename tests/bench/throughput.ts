import { bareLoop } from './bare-loop.ts';
import { openStage, round, seconds, spawnSimulator, type Sim } from './stage.ts';
import { hasRedis, startRedis } from '../support/redis.ts';

/** First sync of small documents without latency, one worker, on both queue backends, beside a bare loop in the same run. */
export async function benchThroughput(docs: number | null): Promise<object[]> {
  const count = docs ?? 2000;
  const master = await spawnSimulator('--profile', 'v3', '--docs', String(count));
  const lines: object[] = [];
  try {
    const bare = await withReplica((replica) => bareLoop(master, replica, count));
    lines.push({ what: 'bare loop', documents: count, per_second: round(count / bare) });
    for (const backend of hasRedis ? ['postgres', 'redis'] : ['postgres']) {
      const took = await withReplica((replica) => engine(master, replica, backend === 'redis'));
      lines.push({
        what: 'first sync',
        queue: backend,
        documents: count,
        per_second: round(count / took),
        ratio_to_bare_loop: round(bare / took),
        aim: 0.7,
      });
    }
    return lines;
  } finally {
    master.stop();
  }
}

async function withReplica(work: (replica: Sim) => Promise<number>): Promise<number> {
  const replica = await spawnSimulator('--profile', 'v3');
  try {
    return await work(replica);
  } finally {
    replica.stop();
  }
}

async function engine(master: Sim, replica: Sim, onRedis: boolean): Promise<number> {
  const redis = onRedis ? await startRedis() : null;
  const stage = await openStage(master, { replica }, redis?.url);
  try {
    const run = await stage.cycle();
    if (run.outcome !== 'ok') throw new Error(`the sync ended ${run.outcome}`);
    return seconds(run);
  } finally {
    await stage.close();
    await redis?.close();
  }
}
