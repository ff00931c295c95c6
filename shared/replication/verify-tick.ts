/** What the dispatcher does for verification at each tick: the night, lost jobs, ended parents, repairs that closed. */
import * as repo from '../db/verifications.repo.ts';
import { openPromotion } from '../db/promotions.repo.ts';
import { nextNight } from '../domain/verification.ts';
import { SECOND } from '../kernel/clock.ts';
import type { Db } from '../db/tables.ts';
import type { EngineDeps } from './deps.ts';
import { enqueueVerification, insertRows } from './verify-open.ts';
import { followRepairs } from './verify-repairs.ts';

/** When the others sleep, and before people come: the slice ends with its budget. */
const NIGHT_HOUR = 2;

type TickDeps = Pick<EngineDeps, 'db' | 'workerId' | 'leader' | 'queue' | 'log' | 'clock' | 'settings' | 'timings'>;

export async function verifyTick(deps: TickDeps): Promise<void> {
  if (await openPromotion(deps.db)) return;
  await openDueSlices(deps);
  const by = { worker: deps.workerId, lostAfterMs: deps.timings.lostJobMs };
  for (const id of await repo.takeLostVerifications(deps.db, by)) await deps.queue.verify(id);
  await repo.closeParents(deps.db);
  await followRepairs(deps);
}

/** The truth of the schedule is a row. Claimed and carried out in one transaction of the leader: a night is never half lost. */
async function openDueSlices(deps: TickDeps): Promise<void> {
  if (!deps.leader.isLeader()) return;
  const { timezone, verifyBudgetSeconds } = await deps.settings();
  const next = nextNight(deps.clock.now(), timezone ?? 'UTC', NIGHT_HOUR);
  const opened = await deps.leader.asLeader(async (trx) => {
    if (!(await repo.claimNight(trx, next)) || (await openPromotion(trx))) return [];
    const replicas = await replicasToVerify(trx);
    const budgetMs = Math.floor((verifyBudgetSeconds * SECOND) / replicas.length);
    const jobs: number[] = [];
    for (const { id } of replicas)
      jobs.push(...(await insertRows(trx, { ...SLICE, replicaId: id, budgetMs }, [])).jobs);
    return jobs;
  });
  for (const id of opened ?? []) await enqueueVerification(deps, id);
}

const SLICE = { scope: 'slice', depth: 'bytes', trigger: 'scheduler', askedBy: 'schedule' } as const;

function replicasToVerify(db: Db): Promise<{ id: number }[]> {
  return db
    .selectFrom('replicas')
    .select('id')
    .where('enabled', '=', true)
    .where('suspended_at', 'is', null)
    .where('paused_at', 'is', null)
    .orderBy('id')
    .execute();
}
