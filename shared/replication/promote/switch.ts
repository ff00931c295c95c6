/** The moment of a promotion: one transaction, after which the replica is the master for every process (E27, H5). */
import { notify, SETTINGS_CHANGED } from '../../db/listen.ts';
import { lockOpening } from '../../db/master.repo.ts';
import * as switching from '../../db/promotion-switch.repo.ts';
import * as repo from '../../db/promotions.repo.ts';
import { deleteReplica, findReplica } from '../../db/replicas.repo.ts';
import { putSettings } from '../../db/settings.repo.ts';
import type { Db, LeftOpen, Promotion } from '../../db/tables.ts';
import { AppError } from '../../kernel/errors.ts';

const RECONCILE = (name: string) => `"${name}" became the master: its documents are compared with the copies first.`;
const PAUSED = (name: string) =>
  `When "${name}" became the master, uploads to this replica were not brought to their end, and may still come out of its queue. Look at its task list; when it is empty, put what bears a title "pngx..." into the trash, and resume: it is reconciled first.`;

/** In a transaction of the leader's. False: somebody else did it, or it was cancelled. */
export async function switchMaster(trx: Db, id: number): Promise<boolean> {
  await lockOpening(trx);
  const promotion = await repo.lockPromotion(trx, id);
  if (promotion?.phase !== 'switching' || promotion.finished_at !== null) return false;
  const replica = await findReplica(trx, promotion.replica_id);
  if (replica === undefined) throw replicaGone(promotion);
  if (replica.url !== promotion.new_master_url || replica.unconfirmed) throw replicaMoved(promotion);
  const counts = await switching.countSwitch(trx, replica.id);
  await repo.raiseTopology(trx);
  await switching.recordPairs(trx, id, replica.id);
  await switching.remapLinks(trx, id, replica.id);
  await switching.remapBelongings(trx, replica.id);
  await switching.remapTaxonomy(trx, id, replica.id);
  await switching.reorderReplicas(trx, replica.id, RECONCILE(replica.name));
  await switching.pauseUndrained(trx, undrained(promotion.left_open ?? [], replica.id), PAUSED(replica.name));
  await deleteReplica(trx, replica.id);
  // The token is sealed with the same key, wherever it is kept.
  await putSettings(trx, [
    { key: 'master_url', value: replica.url },
    { key: 'master_token', value: replica.api_token },
  ]);
  await notify(trx, SETTINGS_CHANGED);
  await switching.forgetMaster(trx);
  const patch = { switched_at: new Date(), summary: JSON.stringify(counts) };
  return (await repo.movePromotion(trx, promotion, 'switched', patch)) !== undefined;
}

/** Where something may still be consumed, or bears a number that is another document's from now on. */
function undrained(left: readonly LeftOpen[], replicaId: number): number[] {
  return left
    .filter((one) => one.replica_id !== replicaId && one.uploads + one.versions + one.replacements + one.documents > 0)
    .map((one) => one.replica_id);
}

/** What was looked at was the instance at the other address. */
function replicaMoved({ replica_name: name }: Promotion): AppError {
  return new AppError({
    code: 'replica_unknown',
    class: 'conflict',
    message: `The address of replica "${name}" was changed while it was being promoted.`,
    hint: 'Cancel the promotion, sync the replica, and ask again.',
  });
}

function replicaGone({ replica_name: name }: Promotion): AppError {
  return new AppError({
    code: 'replica_not_found',
    class: 'not-found',
    message: `Replica "${name}" was removed while it was being promoted.`,
    hint: 'Cancel the promotion.',
  });
}
