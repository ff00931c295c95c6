/**
 * One message to one channel, at least once: the claim and the attempt are committed before anything is sent, the end after
 * it. Whoever dies in between is followed by another process with the same message id.
 */
import * as repo from '../../db/deliveries.repo.ts';
import { noteChannelFails, noteChannelWorks } from '../../db/channels.repo.ts';
import { inTransaction } from '../../db/client.ts';
import { FAILURES_BEFORE_BACKUP } from '../../domain/notify-rules.ts';
import { decideDelivery } from '../../domain/retry-policy.ts';
import { SECOND } from '../../kernel/clock.ts';
import { toAppError, type AppError } from '../../kernel/errors.ts';
import { sendNotice } from '../../notify/channels.ts';
import { targetOf, type EvaluateDeps } from './deps.ts';
import { noticeOf } from './notice.ts';
import { hurry } from './send-due.ts';

/** Longer than a sending may take (shared/notify/net.ts), shorter than people wait for a takeover (R3). */
export const CLAIM_MS = 25 * SECOND;

export type Delivered = 'delivered' | 'busy' | 'later' | 'given-up' | 'dropped' | 'stopped';
type DeliverDeps = Omit<EvaluateDeps, 'leader'>;

export async function deliver(deps: DeliverDeps, id: number, signal?: AbortSignal): Promise<Delivered> {
  const claimed = await repo.claimDelivery(deps.db, id, CLAIM_MS);
  if (claimed === undefined) return 'busy';
  await deps.racePoint('delivery:claimed');
  const { channel, event } = claimed;
  const settings = await deps.settings();
  const target = channel.enabled ? targetOf(channel, settings, deps.secrets) : null;
  if (target === null) return drop(deps, claimed);
  try {
    await sendNotice(target.kind, target.config, noticeOf(event, deps.publicUrl), { signal });
  } catch (thrown) {
    return failed(deps, claimed, target.kind, toAppError(thrown));
  }
  await deps.racePoint('delivery:sent');
  await inTransaction(deps.db, async (trx) => {
    await repo.endDelivered(trx, id);
    await noteChannelWorks(trx, channel.id);
  });
  deps.onDelivered(target.kind, 'ok');
  return 'delivered';
}

/** It was disabled, or the settings name no target any more: nobody is to be told this way, but a backup may. */
async function drop(deps: DeliverDeps, { id, event, channel }: repo.ClaimedDelivery): Promise<Delivered> {
  await inTransaction(deps.db, async (trx) => {
    const error = 'The channel is disabled, or leads nowhere.';
    await repo.endFailed(trx, id, { state: 'dropped', code: 'channel_disabled', error });
    if (channel.role === 'primary') await repo.releaseBackups(trx, event.id);
  });
  await hurry(deps);
  return 'dropped';
}

async function failed(
  deps: DeliverDeps,
  { id, attempts, channel, event }: repo.ClaimedDelivery,
  kind: string,
  error: AppError,
): Promise<Delivered> {
  const decision = decideDelivery({ class: error.class, attempt: attempts, retryAfterMs: error.retryAfterMs });
  if (decision.kind === 'step-back') {
    await repo.handBackDelivery(deps.db, id);
    return 'stopped';
  }
  const why = { code: error.code, error: error.message };
  const retries = decision.kind === 'retry' && event.state !== 'test';
  const released = await inTransaction(deps.db, async (trx) => {
    await noteChannelFails(trx, channel.id, error.message);
    if (retries) await repo.retryLater(trx, id, { ...why, delayMs: decision.delayMs });
    else await repo.endFailed(trx, id, { ...why, state: 'failed' });
    const asksBackup = channel.role === 'primary' && (!retries || attempts >= FAILURES_BEFORE_BACKUP);
    return asksBackup ? repo.releaseBackups(trx, event.id) : 0;
  });
  deps.onDelivered(kind, error.code);
  const end = retries ? 'It is tried again.' : 'It was given up.';
  deps.log.warning(`A message did not reach the channel "${channel.name}": ${error.message} ${end}`, {
    code: error.code,
  });
  if (released > 0) await hurry(deps);
  return retries ? 'later' : 'given-up';
}
