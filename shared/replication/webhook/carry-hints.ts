/**
 * The second half of a hint (E24): the links it marked come into a run. One that is at its documents takes them in before all
 * that wait; where none is open, a run of their own is opened, for all such hints together, that looks at nothing else. Which of
 * it is still to be done is read from the rows each time, so it does not matter where anybody died.
 */
import * as runs from '../../db/runs.repo.ts';
import { lockOpening, masterState } from '../../db/master.repo.ts';
import type { Db, Replica } from '../../db/tables.ts';
import { openPromotion } from '../../db/promotions.repo.ts';
import * as hints from '../../db/webhook-events.repo.ts';
import { eligibility } from '../../domain/schedule.ts';
import type { EngineDeps } from '../deps.ts';
import { scheduleOf } from '../open-cycle.ts';
import { sendRuns } from '../send-runs.ts';
import { BY_WEBHOOK } from './by-webhook.ts';

type CarryDeps = Pick<
  EngineDeps,
  'db' | 'leader' | 'queue' | 'log' | 'clock' | 'settings' | 'wake' | 'workerId' | 'racePoint'
>;

/** What takes longer goes on in the cycles, which have it on their list as well. */
const FOLLOWED_SECONDS = 1800;

export async function carryHints(deps: CarryDeps): Promise<void> {
  // E27: which instance is the master is about to change; the hints wait as rows.
  if (await openPromotion(deps.db)) return;
  const waiting = await hints.waitingLinks(deps.db);
  const able = waiting.length === 0 ? new Set<number>() : await ableReplicas(deps);
  if (waiting.length > 0) await handOver(deps, able);
  await endSettled(
    deps,
    waiting.filter(({ replica_id: id }) => able.has(id)).map(({ event_id: id }) => id),
  );
}

/** Enabled, not suspended, paused or in its quiet hours, matched with the master, and well when it was last asked. */
async function ableReplicas(deps: CarryDeps): Promise<Set<number>> {
  const settings = await deps.settings();
  const now = deps.clock.now();
  const ill = new Set(await hints.replicasInTrouble(deps.db));
  const able = (replica: Replica) => {
    const schedule = scheduleOf(replica, settings, now);
    const isKnown = replica.reconcile_required === null && !replica.unconfirmed;
    return isKnown && !schedule.quiet && eligibility(schedule, now, 0, true).eligible && !ill.has(replica.id);
  };
  const all = await deps.db.selectFrom('replicas').selectAll().execute();
  return new Set(all.filter(able).map((replica) => replica.id));
}

async function handOver(deps: CarryDeps, able: ReadonlySet<number>): Promise<void> {
  const idle: number[] = [];
  for (const replicaId of await hints.replicasInNeed(deps.db)) {
    if (!able.has(replicaId)) continue;
    const run = await runs.openRunOf(deps.db, replicaId);
    if (run === undefined) idle.push(replicaId);
    // Before its documents, a run has yet to see what is due; a reconcile changes nothing of theirs.
    else if (run.phase === 'documents' && run.mode === 'sync') {
      const joined = await deps.db.transaction().execute((trx) => hints.joinRun(trx, run.id, replicaId));
      if (joined > 0) deps.wake(run.id);
    }
  }
  await deps.racePoint('hint.joined');
  if (idle.length > 0) await openHintRuns(deps, idle);
}

/** Not while a cycle is due: it carries them as well, and must not find its replicas busy. */
async function openHintRuns(deps: CarryDeps, replicaIds: readonly number[]): Promise<void> {
  const { next_cycle_at: next, suspended_code: suspended } = await masterState(deps.db);
  if (suspended !== null || next <= deps.clock.now()) return;
  const opened = await deps.leader.asLeader((trx) => insertRuns(trx, deps.workerId, replicaIds));
  await deps.racePoint('hint.opened');
  if (opened) await sendRuns(deps, opened);
}

async function insertRuns(trx: Db, worker: string, replicaIds: readonly number[]) {
  await lockOpening(trx);
  if (await openPromotion(trx)) return [];
  const cycleId = await runs.insertCycle(trx, BY_WEBHOOK);
  let opened = 0;
  for (const replicaId of replicaIds)
    if ((await runs.insertReplicaRun(trx, cycleId, replicaId, BY_WEBHOOK)) !== null) opened += 1;
  if (opened === 0) {
    await runs.deleteCycle(trx, cycleId);
    return [];
  }
  // The master was asked already, for these documents alone.
  await trx.updateTable('sync_runs').set({ phase: 'replicas' }).where('id', '=', cycleId).execute();
  return runs.startChildren(trx, cycleId, worker);
}

async function endSettled(deps: CarryDeps, waiting: readonly number[]): Promise<void> {
  const underWay = new Set(waiting);
  for (const hint of await hints.syncingHints(deps.db, FOLLOWED_SECONDS)) {
    if (underWay.has(hint.id) && !hint.overdue) continue;
    await hints.endHint(deps.db, hint.id, endOf(hint), null);
  }
}

function endOf({ applied, failed, open }: hints.SyncingHint): hints.HintEnd {
  const parts = [
    applied.length > 0 ? `as on the master on ${named(applied)}` : '',
    failed.length > 0 ? `failed on ${named(failed)}` : '',
    open.length > 0 ? `left to the next cycle on ${named(open)}` : '',
  ].filter((part) => part !== '');
  const detail = parts.length === 0 ? 'No replica takes this document.' : sentence(parts.join('; '));
  if (failed.length > 0) return { state: 'done', outcome: 'failed', detail };
  if (open.length > 0) return { state: 'left', outcome: 'deferred', detail };
  return { state: 'done', outcome: 'applied', detail };
}

function named(names: readonly string[]): string {
  const some = names.slice(0, 5).map((name) => `"${name}"`);
  return names.length > some.length ? `${some.join(', ')} and ${names.length - some.length} more` : some.join(', ');
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
