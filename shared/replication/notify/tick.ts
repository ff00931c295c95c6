/** What every worker does for notifications at each tick; what must happen once, its leader alone. */
import { takeDueDeliveries, undispatchDeliveries } from '../../db/deliveries.repo.ts';
import { SECOND } from '../../kernel/clock.ts';
import { toAppError } from '../../kernel/errors.ts';
import type { EvaluateDeps, NotifyDeps } from './deps.ts';
import { evaluateAlerts } from './evaluate.ts';

/** Jobs a tick: a channel that is away must not fill the queue. */
const BATCH = 100;
const LOST_AFTER_MS = 30 * SECOND;
const EVALUATE_EVERY_MS = 10 * SECOND;

/** Rows that are due get a job; a lost job is made again, a second one finds the row claimed. */
export async function sendDue(deps: Pick<NotifyDeps, 'db' | 'queue'>): Promise<number> {
  const due = await takeDueDeliveries(deps.db, { lostAfterMs: LOST_AFTER_MS, limit: BATCH });
  if (due.length === 0) return 0;
  try {
    await deps.queue.deliver(due.map(({ id, generation }) => ({ deliveryId: id, generation })));
  } catch (error) {
    await undispatchDeliveries(
      deps.db,
      due.map(({ id }) => id),
    );
    throw error;
  }
  return due.length;
}

/** After something was written that is due: should the queue be away, the next tick sends it. */
export async function hurry(deps: Pick<NotifyDeps, 'db' | 'queue'>): Promise<void> {
  await sendDue(deps).catch(() => undefined);
}

export interface NotifyTick {
  (hasQueue: boolean): Promise<void>;
}

/** Never throws: that people cannot be told must not keep documents from being synced. */
export function createNotifyTick(deps: EvaluateDeps, everyMs = EVALUATE_EVERY_MS): NotifyTick {
  let next = 0;
  return async (hasQueue) => {
    try {
      if (deps.leader.isLeader() && deps.clock.monotonic() >= next) {
        next = deps.clock.monotonic() + everyMs;
        await evaluateAlerts(deps);
      }
      if (hasQueue) await sendDue(deps);
    } catch (thrown) {
      deps.log.warning(`Notifications could not be looked after: ${toAppError(thrown).message}`, {
        code: 'notify_tick',
      });
    }
  };
}
