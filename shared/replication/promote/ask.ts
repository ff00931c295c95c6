/** A person wants a replica to become the master, or takes that back (E27). Rows only: the leader carries it out. */
import { inTransaction } from '../../db/client.ts';
import { lockOpening } from '../../db/master.repo.ts';
import * as repo from '../../db/promotions.repo.ts';
import { findReplica } from '../../db/replicas.repo.ts';
import type { Promotion } from '../../db/tables.ts';
import { isRevocable } from '../../domain/promotion.ts';
import { AppError } from '../../kernel/errors.ts';
import type { EngineLog } from '../deps.ts';
import { masterNotConfigured } from '../instances.ts';
import { masterAccess } from '../load-settings.ts';
import type { PlanDeps } from '../plan-reconcile.ts';
import { replicaNotFound } from '../update-replica.ts';
import { obstacle } from './guards.ts';
import { lookAtCandidate } from './look.ts';

export interface PromotionRequest {
  readonly replicaId: number;
  readonly by: string;
  /** What cannot be brought to its end is not waited for: decided before it is known what that is. */
  readonly accept: boolean;
}

type AskDeps = PlanDeps & { readonly log: EngineLog };

/**
 * From the row on no run begins. The instance is looked at first: a mistyped name or a dead replica fails before anything stops.
 * @throws replica_not_found, replica_disabled, replica_suspended, replica_locked, replica_unknown, promotion_under_way
 */
export async function askPromotion(deps: AskDeps, request: PromotionRequest, signal?: AbortSignal): Promise<number> {
  const replica = await findReplica(deps.db, request.replicaId);
  if (replica === undefined) throw replicaNotFound(request.replicaId);
  const against = await obstacle(deps.db, replica);
  if (against) throw against;
  const settings = await deps.settings();
  const access = masterAccess(settings);
  if (access === null) throw masterNotConfigured();
  const token = deps.secrets.open(replica.api_token);
  const reader = deps.clients.openReader({ url: replica.url, token, target: replica.id });
  await lookAtCandidate({ db: deps.db, asnBase: settings.asnBase }, replica, reader, signal);
  const id = await inTransaction(deps.db, async (trx) => {
    // Runs are opened under the same lock: one that is open is seen here, and none is opened behind this row.
    await lockOpening(trx);
    const late = await obstacle(trx, replica);
    if (late) throw late;
    const promotion = await repo.insertPromotion(trx, {
      replica_id: replica.id,
      replica_name: replica.name,
      asked_by: request.by,
      old_master_url: access.url,
      old_master_token: deps.secrets.seal(access.token),
      new_master_url: replica.url,
    });
    if (request.accept) await repo.acceptLeftOpen(trx, promotion.id, request.by);
    return promotion.id;
  });
  deps.log.warning(`Someone asked for replica "${replica.name}" to become the master (promotion ${id}).`, {
    replicaId: replica.id,
    code: 'promotion_asked',
  });
  return id;
}

type DecideDeps = Pick<AskDeps, 'db' | 'log'>;

/** What is left open need not be waited for: it is on record, and replicas that it may still reach are paused. */
export async function acceptPromotion(deps: DecideDeps, id: number, by: string): Promise<Promotion> {
  const before = await existing(deps, id);
  if (!(await repo.acceptLeftOpen(deps.db, id, by))) throw over(before);
  deps.log.warning(`Someone decided that promotion ${id} goes on without what is left open.`, {
    code: 'promotion_accepted',
  });
  return existing(deps, id);
}

/** Before the switch everything is as it was: syncing goes on from there. */
export async function cancelPromotion(deps: DecideDeps, id: number, by: string): Promise<Promotion> {
  await inTransaction(deps.db, async (trx) => {
    const locked = await repo.lockPromotion(trx, id);
    if (locked === undefined) throw promotionNotFound(id);
    if (locked.finished_at !== null || !isRevocable(locked.phase)) throw over(locked);
    await repo.movePromotion(trx, locked, 'cancelled', { finished_at: new Date() });
  });
  deps.log.warning(`Promotion ${id} was cancelled by ${by}; syncing goes on as before.`, {
    code: 'promotion_cancelled',
  });
  return existing(deps, id);
}

async function existing({ db }: Pick<DecideDeps, 'db'>, id: number): Promise<Promotion> {
  const promotion = await repo.findPromotion(db, id);
  if (promotion === undefined) throw promotionNotFound(id);
  return promotion;
}

export function promotionNotFound(id: number): AppError {
  return new AppError({ code: 'promotion_not_found', class: 'not-found', message: `There is no promotion ${id}.` });
}

function over({ id, phase }: Promotion): AppError {
  return new AppError({
    code: 'promotion_over',
    class: 'conflict',
    message: `Promotion ${id} is beyond that: its phase is "${phase}".`,
    ...(phase === 'done' ? { hint: 'To go back, take the old master back as a replica and promote it.' } : {}),
  });
}
