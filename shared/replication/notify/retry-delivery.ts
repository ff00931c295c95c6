/** A message that was given up is tried again by a person: with its old id, as often as a new one. */
import { findDelivery, retryFailedDelivery, type DeliveryView } from '../../db/deliveries.repo.ts';
import { AppError } from '../../kernel/errors.ts';
import type { NotifyDeps } from './deps.ts';
import { hurry } from './send-due.ts';

/** @throws delivery_not_found, delivery_not_failed */
export async function retryDelivery(deps: Pick<NotifyDeps, 'db' | 'queue'>, id: number): Promise<DeliveryView> {
  const before = await findDelivery(deps.db, id);
  if (before === undefined)
    throw new AppError({ code: 'delivery_not_found', class: 'not-found', message: `There is no delivery ${id}.` });
  if (!(await retryFailedDelivery(deps.db, id)))
    throw new AppError({
      code: 'delivery_not_failed',
      class: 'conflict',
      message: `The delivery ${id} is ${before.state}; only a failed one can be tried again.`,
    });
  await hurry(deps);
  return (await findDelivery(deps.db, id)) ?? before;
}
