import { openStage, round, spawnSimulator, type Sim, type Stage } from './stage.ts';

const SLOW_MS = 2000;

/** Documents a second of a fast replica, alone and beside one that takes two seconds for each answer. */
export async function benchSlow(docs: number | null): Promise<object[]> {
  const count = docs ?? 300;
  const alone = await fastSeconds(count, false);
  const beside = await fastSeconds(count, true);
  return [
    {
      documents: count,
      per_second_alone: round(count / alone),
      per_second_beside_a_slow_one: round(count / beside),
      ratio: round(alone / beside),
      aim: 0.9,
    },
  ];
}

async function fastSeconds(count: number, withSlow: boolean): Promise<number> {
  const master = await spawnSimulator('--profile', 'v3', '--docs', String(count));
  const fast = await spawnSimulator('--profile', 'v3', '--consumers', '4');
  const slow = withSlow ? await spawnSimulator('--profile', 'v3', '--latency', String(SLOW_MS)) : null;
  const replicas: Record<string, Sim> = { fast, ...(slow === null ? {} : { slow }) };
  const stage = await openStage(master, replicas);
  try {
    return await workingSeconds(stage, count);
  } finally {
    await stage.close();
    for (const instance of [master, fast, slow]) instance?.stop();
  }
}

/** Of the documents phase: the runs' own looks at both instances come before it, and are no matter of places. */
async function workingSeconds({ cycle, database }: Stage, count: number): Promise<number> {
  void cycle({ replicaId: undefined }).catch(() => undefined);
  let began = 0;
  for (;;) {
    const run = await database.db
      .selectFrom('sync_runs')
      .innerJoin('replicas', 'replicas.id', 'sync_runs.replica_id')
      .select(['docs_synced', 'finished_at', 'outcome'])
      .where('replicas.name', '=', 'fast')
      .executeTakeFirst();
    if (began === 0 && (run?.docs_synced ?? 0) > 0) began = performance.now();
    if (run?.finished_at) {
      if (run.outcome !== 'ok' || run.docs_synced !== count) throw new Error(`the run ended ${run.outcome}`);
      return (performance.now() - began) / 1000;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
