/**
 * Carries a promotion out, phase by phase (E27, H5). The leader alone does it; each phase may be begun again by whoever leads
 * next, and what it finds done it does not do twice.
 */
import * as repo from '../../db/promotions.repo.ts';
import { findReplica } from '../../db/replicas.repo.ts';
import { capNextTick } from '../../db/master.repo.ts';
import type { Promotion, Replica } from '../../db/tables.ts';
import { taxonomyLinks } from '../../db/taxonomy.repo.ts';
import type { PromotionPhase } from '../../domain/promotion.ts';
import { AppError, toAppError } from '../../kernel/errors.ts';
import type { EngineDeps } from '../deps.ts';
import { settleArrived } from './arrived.ts';
import { drain } from './drain.ts';
import { restoreHeldBack } from './held-back.ts';
import { lookAtCandidate } from './look.ts';
import { acknowledgeTopology, endTopology, stopEverything } from './stop-everything.ts';
import { switchMaster } from './switch.ts';

export interface Promoting {
  readonly deps: EngineDeps;
  readonly promotion: Promotion;
  readonly signal: AbortSignal;
}
/** `next`: the row is in another phase now. A text: what it waits for. */
export type PhaseEnd = 'next' | { readonly code: string; readonly waits: string };

const STEPS: Record<Exclude<PromotionPhase, 'done' | 'cancelled'>, (work: Promoting) => Promise<PhaseEnd>> = {
  freezing: freeze,
  stopping: (work) => awaitProcesses(work, 'draining'),
  draining: drain,
  settling: (work) => awaitProcesses(work, 'restoring'),
  restoring: restore,
  switching: switchOver,
  switched: settle,
};

/** As far as it gets; the next tick goes on from there. */
export async function promotionTick(deps: EngineDeps, signal: AbortSignal): Promise<void> {
  for (;;) {
    const promotion = deps.leader.isLeader() ? await repo.openPromotion(deps.db) : undefined;
    if (!promotion || signal.aborted) return;
    const { phase } = promotion;
    if (phase === 'done' || phase === 'cancelled') return;
    await deps.racePoint(`promotion.${phase}`);
    const end = await STEPS[phase]({ deps, promotion, signal }).catch((thrown: unknown) => waitsFor(deps, thrown));
    if (end === 'next') continue;
    if (end !== null) await noteWait(deps, promotion, end);
    return;
  }
}

function waitsFor(deps: EngineDeps, thrown: unknown): PhaseEnd | null {
  const error = toAppError(thrown);
  if (error.class === 'cancelled') return null;
  if (error.class === 'internal') deps.log.error(`A promotion could not go on: ${error.message}`, { code: error.code });
  return { code: error.code, waits: error.hint === undefined ? error.message : `${error.message} ${error.hint}` };
}

async function noteWait(deps: EngineDeps, promotion: Promotion, { code, waits }: Exclude<PhaseEnd, 'next'>) {
  if (promotion.waits_for === waits) return;
  await repo.notePromotion(deps.db, promotion.id, { waits_code: code, waits_for: waits });
  deps.log.warning(`Promotion ${promotion.id} waits (${promotion.phase}): ${waits}`, {
    replicaId: promotion.replica_id,
    code,
  });
}

async function freeze({ deps, promotion }: Promoting): Promise<PhaseEnd> {
  await stopEverything(deps);
  const ended = await endTopology(deps.db, promotion, 'stopping');
  return ended ? 'next' : { code: 'promotion_stopping', waits: 'Runs are being ended.' };
}

async function awaitProcesses({ deps, promotion }: Promoting, to: PromotionPhase): Promise<PhaseEnd> {
  await acknowledgeTopology(deps);
  const behind = await repo.processesBehind(deps.db, promotion.stop_epoch);
  if (behind.length === 0) return moved(await repo.movePromotion(deps.db, promotion, to));
  const names = behind.map(({ id, role, version }) => `${role} ${version} (${id})`).join(', ');
  return { code: 'promotion_stopping', waits: `These processes have not ended their work yet: ${names}.` };
}

const moved = (row: Promotion | undefined): PhaseEnd =>
  row ? 'next' : { code: 'promotion_stopping', waits: 'Somebody else changed this promotion.' };

/** The last writes to the replica, while it still is one. */
async function restore({ deps, promotion, signal }: Promoting): Promise<PhaseEnd> {
  const { asnBase } = await deps.settings();
  const replica = await existingReplica(deps, promotion);
  const writer = await deps.instances.replica(replica.id);
  const seen = await lookAtCandidate({ db: deps.db, asnBase }, replica, writer, signal);
  if (seen.reserved.length > 0) {
    const oldMaster = await deps.instances
      .master()
      .then(async (reader) => ((await reader.probe(signal)) ? reader : null))
      .catch(() => null);
    const work = { deps, replicaId: replica.id, asnBase, writer, oldMaster, signal };
    const { left } = await settleArrived(work, seen.reserved);
    if (left.length > 0) throw reservedLeft(replica, left, asnBase);
  }
  await deps.racePoint('promotion.arrived');
  const { restored, refused } = await restoreHeldBack(writer, await taxonomyLinks(deps.db, replica.id), signal);
  for (const why of refused)
    deps.log.warning(`"${replica.name}" refused a value that was held back: ${why}`, {
      replicaId: replica.id,
      code: 'taxonomy_value_refused',
    });
  deps.log.info(`"${replica.name}" got ${restored} held-back values back.`, { replicaId: replica.id });
  return moved(await repo.movePromotion(deps.db, promotion, 'switching'));
}

function reservedLeft({ name }: Replica, ids: readonly number[], asnBase: number): AppError {
  return new AppError({
    code: 'asn_range_in_use',
    class: 'config',
    message: `"${name}" has ${ids.length} documents with archive serial numbers from ${asnBase} on that are no uploads of ours (${ids.slice(0, 10).join(', ')}).`,
    hint: 'Give these documents smaller numbers there; it goes on by itself.',
  });
}

async function switchOver({ deps, promotion }: Promoting): Promise<PhaseEnd> {
  const done = await deps.leader.asLeader((trx) => switchMaster(trx, promotion.id));
  if (done !== true) return { code: 'promotion_stopping', waits: 'Another process leads now.' };
  deps.log.warning(`"${promotion.replica_name}" is the master now (promotion ${promotion.id}).`, {
    code: 'promotion_switched',
  });
  return 'next';
}

/** Whoever still has the settings of before would read the old master for the links of the new one. */
async function settle({ deps, promotion }: Promoting): Promise<PhaseEnd> {
  const since = promotion.switched_at?.getTime() ?? 0;
  if (deps.clock.now().getTime() - since < deps.timings.settingsSeenMs)
    return { code: 'promotion_settling', waits: 'Every process reads the new settings.' };
  const now = deps.clock.now();
  if (!(await repo.movePromotion(deps.db, promotion, 'done', { finished_at: now })))
    return { code: 'promotion_settling', waits: '' };
  await capNextTick(deps.db, 0);
  deps.log.info(`Promotion ${promotion.id} is done; the replicas are compared with their new master next.`, {
    code: 'promotion_done',
  });
  return 'next';
}

async function existingReplica(deps: EngineDeps, { replica_id, replica_name }: Promotion): Promise<Replica> {
  const replica = await findReplica(deps.db, replica_id);
  if (replica) return replica;
  throw new AppError({
    code: 'replica_not_found',
    class: 'not-found',
    message: `Replica "${replica_name}" was removed while it was being promoted.`,
    hint: 'Cancel the promotion.',
  });
}
