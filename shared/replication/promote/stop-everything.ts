/** Ends what is under way, in every process (E27): runs and verifications are closed, and whoever worked on them says so. */
import * as repo from '../../db/promotions.repo.ts';
import { childrenOf, runById, unfinishedRuns } from '../../db/runs.repo.ts';
import type { Db, Promotion } from '../../db/tables.ts';
import { openVerifications } from '../../db/verifications.repo.ts';
import type { PromotionPhase } from '../../domain/promotion.ts';
import { closeCycle, closeReplicaRun, type CloseDeps } from '../close-runs.ts';
import type { EngineDeps } from '../deps.ts';
import { cancelVerification } from '../verify-open.ts';

/** None is opened meanwhile; what was in flight is on record, and is brought to its end by the drain. */
export async function stopEverything(deps: CloseDeps & Pick<EngineDeps, 'queue'>): Promise<void> {
  for (const run of await unfinishedRuns(deps.db)) await stopRun(deps, run.id);
  for (const verification of await openVerifications(deps.db)) await cancelVerification(deps, verification);
}

export async function stopRun(deps: CloseDeps, id: number): Promise<void> {
  const run = await runById(deps.db, id);
  if (!run || run.finished_at !== null) return;
  if (run.kind === 'replica') return closeReplicaRun(deps, id, { outcome: 'cancelled' });
  for (const child of await childrenOf(deps.db, id))
    if (child.finished_at === null) await closeReplicaRun(deps, child.id, { outcome: 'cancelled' });
  await closeCycle(deps, id, { outcome: 'cancelled' });
}

/**
 * The topology ends when nothing is open any more, in one transaction with the phase that waits for all processes: whoever has
 * seen the new one and works on nothing can begin nothing of before (see acknowledgeTopology).
 */
export function endTopology(
  db: Db,
  promotion: Promotion,
  to: PromotionPhase,
  patch: repo.PromotionPatch = {},
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    if ((await unfinishedRuns(trx)).length > 0) return false;
    const stop_epoch = await repo.raiseTopology(trx);
    return (await repo.movePromotion(trx, promotion, to, { ...patch, stop_epoch })) !== undefined;
  });
}

/**
 * Each round of each process. The topology is read before the look at what is under way: a job that begins behind it works
 * under that topology or a later one.
 */
export async function acknowledgeTopology({ db, workerId, busy }: Pick<EngineDeps, 'db' | 'workerId' | 'busy'>) {
  const epoch = await repo.topologyNow(db);
  const all = [busy.links, busy.runs, busy.workOfRuns, busy.verifications];
  if (all.some((tally) => tally.ids().length > 0)) return;
  await repo.noteTopology(db, workerId, epoch);
}
