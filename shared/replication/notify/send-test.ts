/** "Send test": a person waits and is told what happened. The row is written first, as for every message. */
import { insertDeliveries, insertEvent } from '../../db/alerts.repo.ts';
import { findChannel } from '../../db/channels.repo.ts';
import { findDelivery, type DeliveryView } from '../../db/deliveries.repo.ts';
import { inTransaction } from '../../db/client.ts';
import { AppError } from '../../kernel/errors.ts';
import { channelNotFound } from './channels.ts';
import { deliver } from './deliver.ts';
import { targetOf, type NotifyDeps } from './deps.ts';
import { newMessageId } from './outbox.ts';

/** @throws channel_not_found, channel_disabled */
export async function sendTest(deps: NotifyDeps, id: number, actor: string): Promise<DeliveryView> {
  const channel = await findChannel(deps.db, id);
  if (channel === undefined) throw channelNotFound(id);
  if (!channel.enabled || targetOf(channel, await deps.settings(), deps.secrets) === null)
    throw new AppError({
      code: 'channel_disabled',
      class: 'conflict',
      message: `The channel "${channel.name}" is disabled, or the settings name no target.`,
      hint: 'Enable it first.',
    });
  const deliveryId = await writeTest(deps, channel.id, actor);
  // Alone among all messages it is not left to the queue: the answer is what happened.
  await deliver({ ...deps, racePoint: () => Promise.resolve() }, deliveryId);
  const end = await findDelivery(deps.db, deliveryId);
  if (end === undefined) throw channelNotFound(id);
  return end;
}

function writeTest({ db }: NotifyDeps, channelId: number, actor: string): Promise<number> {
  return inTransaction(db, async (trx) => {
    const event = await insertEvent(trx, {
      ...{ messageId: newMessageId(), alertId: null, event: 'test', state: 'test', severity: 'info', replicaId: null },
      title: 'Test message of pngx-controller.',
      message: `Sent by ${actor}. If you can read this, the channel works.`,
      data: {},
    });
    if (event === undefined) throw new Error('a new event has an id of its own');
    const [row] = await insertDeliveries(trx, [
      { event_id: event.id, channel_id: channelId, state: 'waiting', due_at: null, held_by: null, own: true },
    ]);
    if (row === undefined) throw new Error('a delivery that was written has an id');
    return row;
  });
}
