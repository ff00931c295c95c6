import type { Settings } from '../config/settings.ts';
import * as master from '../db/master.repo.ts';
import { openPromotion } from '../db/promotions.repo.ts';
import { askedByHand } from '../db/replica-queue.repo.ts';
import * as runs from '../db/runs.repo.ts';
import type { Db, Replica, RunMode } from '../db/tables.ts';
import { endIdleHintRuns, hintRunsOpen } from '../db/webhook-events.repo.ts';
import { eligibility, type ReplicaSchedule } from '../domain/schedule.ts';
import { SECOND } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import type { EngineDeps } from './deps.ts';
import { promotionUnderWay } from './promote/guards.ts';
import { quietEnd } from './rest.ts';

export interface OpenCycleRequest {
  readonly trigger: 'scheduler' | 'manual' | 'cli' | 'verify';
  /** Only this replica; otherwise all that are eligible. */
  readonly replicaId?: number | undefined;
  /** Compare all documents, not only those that changed (E19); otherwise whenever that is due. */
  readonly sweep?: boolean | undefined;
  /** reconcile and resync match the copies of one replica anew (E17, E18). */
  readonly mode?: RunMode | undefined;
  /** Only these replicas, and for the promotion that is under way: all else waits for its end (E27). */
  readonly only?: readonly number[] | undefined;
  readonly promotionId?: number | undefined;
}
export interface OpenedCycle {
  readonly runId: number;
  /** Every replica in question is being synced already; `runId` is that open run's cycle. */
  readonly alreadyRunning: boolean;
}

/** For runs that hints opened to end, when a cycle is due. */
const HINT_PATIENCE_MS = 60 * SECOND;

export type OpenCycleDeps = Pick<EngineDeps, 'db' | 'queue' | 'log' | 'clock' | 'settings'>;

/**
 * Opens a cycle with one run for each eligible replica that has none open (E1), and enqueues its job. Rows first: if the
 * process dies before the job is in the queue, or the queue is away, the dispatcher enqueues it.
 * @throws replica_not_found (404), replica_disabled and replica_suspended (409) for a single replica that may not run,
 * promotion_under_way (409).
 */
export async function openCycle(deps: OpenCycleDeps, request: OpenCycleRequest): Promise<OpenedCycle> {
  const settings = await deps.settings();
  const now = deps.clock.now();
  const eligible: Replica[] = [];
  for (const replica of await candidates(deps.db, request.replicaId)) {
    if (request.only?.includes(replica.id) === false) continue;
    const verdict = eligibility(scheduleOf(replica, settings, now), now, settings.syncIntervalSeconds, true);
    if (verdict.eligible) eligible.push(replica);
    else if (request.replicaId !== undefined) throw refuse(replica, verdict.why);
  }
  const sweepDue = await sweepDueSince(deps, request);
  const opened = await deps.db
    .transaction()
    .execute((trx) => openRuns(deps.log, trx, { ...request, eligible, sweepDue }));
  return start(deps, opened);
}

interface WantedRuns extends Pick<OpenCycleRequest, 'trigger' | 'mode' | 'promotionId'> {
  readonly eligible: readonly Replica[];
  readonly sweepDue: (last: Date | null) => boolean;
}
interface OpenedRows {
  readonly cycleId: number;
  /** Nothing was opened: the cycle is one that is open already. */
  readonly alreadyRunning: boolean;
}

async function start(deps: OpenCycleDeps, { cycleId: runId, alreadyRunning }: OpenedRows): Promise<OpenedCycle> {
  if (alreadyRunning) return { runId, alreadyRunning };
  try {
    await deps.queue.cycle(runId, 0);
    await runs.noteRunDispatched(deps.db, runId);
  } catch (error) {
    const text = (error as Error).message;
    deps.log.warning(`Run ${runId} waits for the queue: ${text}`, { runId, code: 'queue_unavailable' });
  }
  return { runId, alreadyRunning };
}

/** In a transaction of the caller's. One after the other over all processes: the second one finds what the first opened. */
async function openRuns(log: OpenCycleDeps['log'], db: Db, wanted: WantedRuns): Promise<OpenedRows> {
  const { trigger, mode, eligible, sweepDue } = wanted;
  const { last_sweep_at: masterSwept } = await master.lockOpening(db);
  const promotion = await openPromotion(db);
  if (promotion && promotion.id !== wanted.promotionId) throw promotionUnderWay(promotion);
  // What hints have opened, and nobody works in, is open work of this cycle as well.
  await endIdleHintRuns(
    db,
    eligible.map((replica) => replica.id),
  );
  if (eligible.length === 0) {
    const open = await runs.openCycleRun(db);
    if (open) return { cycleId: open.id, alreadyRunning: true };
  }
  const cycleId = await runs.insertCycle(db, trigger, { sweep: sweepDue(masterSwept), mode: mode ?? 'sync' });
  let opened = 0;
  let busy: number | null = null;
  for (const replica of eligible) {
    // H10: what a lost database needs changes nothing that is not ours and sends nothing, so no person has to ask for it.
    const needed = replica.reconcile_required === null ? 'sync' : 'reconcile';
    const purpose = { sweep: sweepDue(replica.last_sweep_at), mode: mode ?? needed };
    const runId = await runs.insertReplicaRun(db, cycleId, replica.id, trigger, purpose);
    if (runId !== null) {
      opened += 1;
      continue;
    }
    const open = await runs.openRunOf(db, replica.id);
    busy = open?.parent_run_id ?? open?.id ?? busy;
    // It may be resting in quiet hours, which do not hold for what a person asks for.
    if (open && (trigger === 'manual' || trigger === 'cli') && replica.quiet_hours !== null)
      await askedByHand(db, replica.id, trigger);
    log.info(`Replica "${replica.name}" is still being synced; this cycle leaves it out.`, {
      replicaId: replica.id,
      runId: cycleId,
    });
  }
  if (opened > 0 || busy === null) return { cycleId, alreadyRunning: false };
  await runs.deleteCycle(db, cycleId);
  return { cycleId: busy, alreadyRunning: true };
}

/** The master and each replica are swept by their own clocks: one that was away is swept when it is back. */
async function sweepDueSince(
  deps: OpenCycleDeps,
  { sweep, trigger }: OpenCycleRequest,
): Promise<(last: Date | null) => boolean> {
  if (sweep !== undefined || trigger !== 'scheduler') return () => sweep === true;
  const { sweepIntervalSeconds } = await deps.settings();
  const before = deps.clock.now().getTime() - sweepIntervalSeconds * SECOND;
  return (last) => last === null || last.getTime() <= before;
}

async function candidates(db: Db, replicaId: number | undefined): Promise<Replica[]> {
  if (replicaId === undefined) return db.selectFrom('replicas').selectAll().orderBy('id').execute();
  const replica = await db.selectFrom('replicas').selectAll().where('id', '=', replicaId).executeTakeFirst();
  if (replica) return [replica];
  throw new AppError({
    code: 'replica_not_found',
    class: 'not-found',
    message: `There is no replica ${replicaId}.`,
    hint: 'GET /api/replicas lists them.',
    status: 404,
  });
}

function refuse(replica: Replica, why: string): AppError {
  return new AppError({
    code: `replica_${why.replaceAll(' ', '_')}`,
    class: 'conflict',
    message: `Replica "${replica.name}" is ${why}.`,
    hint: why === 'suspended' ? 'Re-enable it first: POST /api/replicas/{id}/unsuspend.' : 'Enable it first.',
    status: 409,
  });
}

export function scheduleOf(replica: Replica, settings: Settings, now: Date): ReplicaSchedule {
  return {
    id: replica.id,
    name: replica.name,
    enabled: replica.enabled,
    suspended: replica.suspended_at !== null,
    paused: replica.paused_at !== null,
    quiet: quietEnd(settings, replica, null, now) !== null,
    intervalSeconds: replica.sync_interval_seconds,
    lastSync: replica.last_sync_ts,
  };
}

/** A tick that left a replica out would leave it out for an interval; a run that a hint opened is over in seconds. */
async function waitsForHints(trx: Db, due: readonly Replica[], now: Date): Promise<boolean> {
  const late = now.getTime() - (await master.masterState(trx)).next_cycle_at.getTime();
  if (late < 0 || late > HINT_PATIENCE_MS) return false;
  const ids = due.map((replica) => replica.id);
  await endIdleHintRuns(trx, ids);
  return hintRunsOpen(trx, ids);
}

/**
 * A tick of the schedule: the leader opens a cycle if one is due. Claimed and opened in one transaction, so that a death in
 * between costs no interval, and a leader that was frozen over it opens nothing (R3).
 */
export async function openDueCycle(deps: OpenCycleDeps & Pick<EngineDeps, 'leader'>): Promise<OpenedCycle | null> {
  if (!deps.leader.isLeader()) return null;
  const settings = await deps.settings();
  if (settings.masterUrl === null || settings.masterToken === null) return null;
  // Per-replica intervals may be shorter than the global one; the tick is the shortest of them (E1).
  const all = await candidates(deps.db, undefined);
  const own = all.flatMap((r) => (r.enabled && r.sync_interval_seconds !== null ? [r.sync_interval_seconds] : []));
  const interval = Math.min(settings.syncIntervalSeconds, ...own);
  await master.capNextTick(deps.db, interval);
  const sweepDue = await sweepDueSince(deps, { trigger: 'scheduler' });
  const now = deps.clock.now();
  const opened = await deps.leader.asLeader(async (trx) => {
    if (await openPromotion(trx)) return null;
    const due = (await candidates(trx, undefined)).filter(
      (replica) => eligibility(scheduleOf(replica, settings, now), now, settings.syncIntervalSeconds, false).eligible,
    );
    if (await waitsForHints(trx, due, now)) return null;
    if (!(await master.claimTick(trx, interval))) return null;
    return due.length === 0 ? null : openRuns(deps.log, trx, { trigger: 'scheduler', eligible: due, sweepDue });
  });
  return opened ? start(deps, opened) : null;
}
