/** What the dispatcher does for verification at each tick: the night, lost jobs, ended parents, repairs that closed. */
import * as repo from '../db/verifications.repo.ts';
import { nextNight } from '../domain/verification.ts';
import { SECOND } from '../kernel/clock.ts';
import type { EngineDeps } from './deps.ts';
import { openVerification } from './verify-open.ts';
import { followRepairs } from './verify-repairs.ts';

/** When the others sleep, and before people come: the slice ends with its budget. */
const NIGHT_HOUR = 2;

type TickDeps = Pick<EngineDeps, 'db' | 'queue' | 'log' | 'clock' | 'settings' | 'timings'>;

export async function verifyTick(deps: TickDeps): Promise<void> {
  await openDueSlices(deps);
  for (const id of await repo.takeLostVerifications(deps.db, deps.timings.lostJobMs)) await deps.queue.verify(id);
  await repo.closeParents(deps.db);
  await followRepairs(deps);
}

/** The truth of the schedule is a row, claimed by one process; the budget is shared out among the replicas. */
async function openDueSlices(deps: TickDeps): Promise<void> {
  const { timezone, verifyBudgetSeconds } = await deps.settings();
  const next = nextNight(deps.clock.now(), timezone ?? 'UTC', NIGHT_HOUR);
  if (!(await repo.claimNight(deps.db, next))) return;
  const replicas = await deps.db
    .selectFrom('replicas')
    .select('id')
    .where('enabled', '=', true)
    .where('suspended_at', 'is', null)
    .where('paused_at', 'is', null)
    .orderBy('id')
    .execute();
  for (const { id } of replicas)
    await openVerification(deps, {
      replicaId: id,
      scope: 'slice',
      depth: 'bytes',
      trigger: 'scheduler',
      askedBy: 'schedule',
      budgetMs: Math.floor((verifyBudgetSeconds * SECOND) / replicas.length),
    });
}
