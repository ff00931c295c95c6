/** When a replica may not become the master, from what is known here (E27, E29). */
import { openPromotion } from '../../db/promotions.repo.ts';
import { openRunOf } from '../../db/runs.repo.ts';
import type { Db, Promotion, Replica } from '../../db/tables.ts';
import { AppError } from '../../kernel/errors.ts';
import { isSeeding } from '../seeding.ts';

/** Sync, reconcile, resync, verification and seeding wait while a promotion is under way. */
export function promotionUnderWay(promotion: Pick<Promotion, 'id' | 'replica_name'>): AppError {
  return new AppError({
    code: 'promotion_under_way',
    class: 'conflict',
    status: 409,
    message: `Replica "${promotion.replica_name}" is being promoted to master (promotion ${promotion.id}); nothing else runs until that is over.`,
    hint: `GET /api/promotions/${promotion.id} tells how far it is; POST /api/promotions/${promotion.id}/cancel takes it back before the switch.`,
  });
}

/** @throws promotion_under_way */
export async function refuseDuringPromotion(db: Db): Promise<void> {
  const promotion = await openPromotion(db);
  if (promotion) throw promotionUnderWay(promotion);
}

/** Null: nothing is against it. */
export async function obstacle(db: Db, replica: Replica): Promise<AppError | null> {
  const promotion = await openPromotion(db);
  if (promotion) return promotionUnderWay(promotion);
  const state = stateObstacle(replica);
  if (state !== null) return refused(replica, state);
  const run = await openRunOf(db, replica.id);
  if (run === undefined) return null;
  return refused(replica, {
    code: 'replica_locked',
    why: `run ${run.id} works on it`,
    hint: `Wait until it has ended, or cancel it: POST /api/runs/${run.id}/cancel.`,
  });
}

interface Obstacle {
  readonly code: string;
  readonly why: string;
  readonly hint: string;
}

function stateObstacle(replica: Replica): Obstacle | null {
  if (!replica.enabled) return { code: 'replica_disabled', why: 'it is disabled', hint: 'Enable it first.' };
  if (replica.suspended_at !== null)
    return {
      code: 'replica_suspended',
      why: `it is suspended (${replica.suspended_reason ?? 'no reason given'})`,
      hint: 'Re-enable it first: POST /api/replicas/{id}/unsuspend.',
    };
  if (isSeeding(replica))
    return { code: 'replica_locked', why: 'it is being seeded', hint: 'End the seeding first, with a reconcile.' };
  if (replica.last_sync_ts === null)
    return { code: 'replica_unknown', why: 'it was never synced', hint: 'Sync or reconcile it first.' };
  if (replica.unconfirmed || replica.reconcile_required !== null)
    return {
      code: 'replica_unknown',
      why: replica.reconcile_required ?? 'its address changed, and it was not looked at since',
      hint: 'Reconcile it first.',
    };
  return null;
}

function refused({ name }: Replica, { code, why, hint }: Obstacle): AppError {
  return new AppError({
    code,
    class: 'conflict',
    status: 409,
    message: `Replica "${name}" cannot be promoted: ${why}.`,
    hint,
  });
}
