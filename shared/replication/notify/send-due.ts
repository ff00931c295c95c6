/** From rows of the outbox to jobs (R2). */
import { takeDueDeliveries, undispatchDeliveries } from '../../db/deliveries.repo.ts';
import { SECOND } from '../../kernel/clock.ts';
import type { NotifyDeps } from './deps.ts';

/** Jobs a tick: a channel that is away must not fill the queue. */
const BATCH = 100;
const LOST_AFTER_MS = 30 * SECOND;

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
