/** The dashboard's data: some small queries, no request to any instance. */
import { lastBackup, type BackupRow } from '../../../shared/db/backups.repo.ts';
import { countOpenConflicts } from '../../../shared/db/conflicts.repo.ts';
import { currentLeader } from '../../../shared/db/leader.repo.ts';
import { masterState, type MasterState } from '../../../shared/db/master.repo.ts';
import { measureLag, type LagRow } from '../../../shared/db/replica-health.repo.ts';
import { listReplicas } from '../../../shared/db/replicas.repo.ts';
import type { Replica } from '../../../shared/db/tables.ts';
import * as views from '../../../shared/db/views.repo.ts';
import { verificationByReplica, type ReplicaVerification } from '../../../shared/db/verification-ledger.repo.ts';
import { refusedTargets } from '../../../shared/db/pace.repo.ts';
import { scratchState, type ScratchState } from '../../../shared/db/workers.repo.ts';
import { roomInQueue } from '../../../shared/domain/replica-queue.ts';
import { rpoSeconds } from '../../../shared/domain/lag.ts';
import { quietEnd } from '../../../shared/replication/rest.ts';
import { loadSettings } from '../../../shared/replication/load-settings.ts';
import type { Settings } from '../../../shared/config/settings.ts';
import type { ApiDeps } from '../deps.ts';
import { presentProgress } from './progress.ts';
import { duration, judgeReplica, plural, type ReplicaFacts } from './replica-state.ts';
import { docsDone, presentRun } from './runs.ts';
import { largeSum } from './large-sums.ts';
import { presentVerificationState, verificationWindow } from './verification-state.ts';

export async function loadStatus(deps: Pick<ApiDeps, 'db' | 'secrets' | 'clock' | 'version'>) {
  const { db } = deps;
  const now = deps.clock.now();
  const [settings, master, replicas, counts, lag, conflicts, openRuns, lastRuns, [lastCycle]] = await Promise.all([
    loadSettings(deps),
    masterState(db),
    listReplicas(db),
    largeSum(db, 'states', () => views.countLinksByState(db)),
    largeSum(db, 'lag', () => measureLag(db)),
    countOpenConflicts(db),
    views.listOpenRuns(db),
    views.lastReplicaRuns(db),
    views.listRuns(db, { kind: 'cycle', finished: true }, { limit: 1 }),
  ]);
  const leader = await currentLeader(db);
  const [refused, scratch] = await Promise.all([refusedTargets(db), scratchState(db)]);
  const window = verificationWindow(settings, now);
  const verifications = await largeSum(db, 'verification', () => verificationByReplica(db, window));
  const [made, failed] = await Promise.all([lastBackup(db, 'made'), lastBackup(db, 'failed')]);
  const facts = {
    settings,
    master,
    verifications,
    counts,
    lag,
    conflicts,
    openRuns,
    lastRuns,
    refused,
    scratch,
    now,
  };
  const presented = replicas.map((replica) => presentReplica(replica, facts));
  return {
    version: deps.version,
    summary: summary(settings, master.error_msg, presented, scratch),
    progress: presentProgress(openRuns),
    master: presentMaster(settings, master),
    last_run: lastCycle === undefined ? null : presentRun(lastCycle, now),
    // Since when a process has no room for files under SCRATCH_DIR (E8), or null.
    scratch_full_since: scratch.full_since,
    next_cycle_at: master.next_cycle_at,
    // The process that opens due cycles and does what else must happen once; null while none works.
    leader: leader ?? null,
    backup: presentBackup(made, failed),
    replicas: presented,
  };
}
export type Status = Awaited<ReturnType<typeof loadStatus>>;

interface Facts {
  readonly settings: Settings;
  readonly master: MasterState;
  readonly lag: readonly LagRow[];
  readonly verifications: readonly ReplicaVerification[];
  readonly conflicts: readonly { replica_id: number; open: number }[];
  readonly counts: readonly views.LinkCount[];
  readonly refused: readonly { target: number; until: Date }[];
  readonly scratch: ScratchState;
  readonly openRuns: readonly views.RunView[];
  readonly lastRuns: readonly views.RunView[];
  readonly now: Date;
}

function unequal({ waiting, failed, given_up: givenUp, blocked }: ReturnType<typeof countDocuments>) {
  return { waiting, failed, givenUp, blocked };
}

function presentReplica(replica: Replica, facts: Facts) {
  const documents = countDocuments(replica.id, facts);
  const running = facts.openRuns.find((run) => run.kind === 'replica' && run.replica_id === replica.id);
  const lastRun = facts.lastRuns.find((run) => run.replica_id === replica.id);
  const intervalSeconds = Math.max(replica.sync_interval_seconds ?? 0, facts.settings.syncIntervalSeconds);
  const conflicts = facts.conflicts.find((row) => row.replica_id === replica.id)?.open ?? 0;
  const verification = presentVerificationState(
    facts.verifications.find((row) => row.replica_id === replica.id),
    facts.settings,
    facts.master.is_superuser === false,
  );
  const verdict = judgeReplica(
    {
      enabled: replica.enabled,
      pausedAt: replica.paused_at,
      pauseReason: replica.pause_reason,
      suspendedAt: replica.suspended_at,
      suspendedReason: replica.suspended_reason,
      consecutiveFailures: replica.consecutive_failures,
      errorCode: replica.error_code,
      errorMsg: replica.error_msg,
      uploadsHeld: replica.uploads_held,
      deletionsHeld: replica.deletions_held,
      lastSync: replica.last_sync_ts,
      intervalSeconds,
      running:
        running === undefined ? null : { phase: running.phase, done: docsDone(running), total: running.docs_total },
      documents: { ...unequal(documents), drifted: verification.drift },
      resting: restOf(replica, facts),
      uploadsPause: pauseOfUploads(replica, facts),
      conflicts,
      verified: verification.verified ? verification.reason : null,
    },
    facts.now,
  );
  return {
    id: replica.id,
    name: replica.name,
    url: replica.url,
    ...verdict,
    enabled: replica.enabled,
    lag_seconds: lagSeconds(replica, facts.now),
    rpo_seconds: rpoOf(replica, documents.total, facts),
    last_sync_ts: replica.last_sync_ts,
    last_sweep_at: replica.last_sweep_at,
    consecutive_failures: replica.consecutive_failures,
    version: replica.version,
    error_code: replica.error_code,
    documents,
    conflicts,
    ...presentLimits(replica, facts),
    verification,
    hygiene: countFindings(replica),
    last_run: lastRun === undefined ? null : presentRun(lastRun, facts.now),
  };
}
export type PresentedReplica = ReturnType<typeof presentReplica>;

/** When our own database was last backed up (C2), and why it could not be since then. */
function presentBackup(made: BackupRow | undefined, failed: BackupRow | undefined) {
  const failing = failed !== undefined && failed.made_at > (made?.made_at ?? new Date(0));
  return {
    made_at: made?.made_at ?? null,
    file: made?.file ?? null,
    bytes: made?.bytes ?? null,
    rows: made?.row_count ?? null,
    error: failing ? failed.error_msg : null,
  };
}

/** Until when nothing is begun on it, and what its own queue looked like when uploads last waited for it (E14). */
function presentLimits(replica: Replica, facts: Facts) {
  const { queue_asked_at, queue_foreign, queue_oldest_at } = replica;
  return {
    resting_until: restOf(replica, facts)?.until ?? null,
    queue: { asked_at: queue_asked_at, foreign: queue_foreign, oldest_at: queue_oldest_at },
  };
}

/** Quiet hours or a 429, whichever ends later; a run that a person started takes no notice of quiet hours. */
function restOf(replica: Replica, { settings, refused, openRuns, now }: Facts): ReplicaFacts['resting'] {
  const running = openRuns.find((run) => run.kind === 'replica' && run.replica_id === replica.id) ?? null;
  const quiet = quietEnd(settings, replica, running, now);
  const asked = refused.find(({ target }) => target === replica.id)?.until ?? null;
  if (asked !== null && (quiet === null || asked > quiet))
    return { why: 'The instance asked to be left alone (429)', until: asked };
  return quiet === null ? null : { why: 'Quiet hours', until: quiet };
}

/** What was seen a minute ago says nothing; while uploads wait somebody looks every few seconds. */
function pauseOfUploads(replica: Replica, { settings, scratch, now }: Facts): string | null {
  if (scratch.all_full) return 'no process has room for a file under SCRATCH_DIR';
  const { queue_asked_at: askedAt, queue_foreign: foreign, queue_oldest_at: oldestAt } = replica;
  if (askedAt === null || foreign === null || now.getTime() - askedAt.getTime() > 60_000) return null;
  if (roomInQueue({ foreign, oldestAt }, 0, settings.maxReplicaQueue, now) > 0) return null;
  return foreign >= settings.maxReplicaQueue
    ? `${plural(foreign, 'task')} of others wait in the queue of the replica`
    : 'the queue of the replica has been standing for more than half an hour';
}

/** As in the reference: the time since the last good cycle began. */
function lagSeconds(replica: Pick<Replica, 'last_sync_ts'>, now: Date): number | null {
  return replica.last_sync_ts === null ? null : Math.max(0, (now.getTime() - replica.last_sync_ts.getTime()) / 1000);
}

/** The age of the oldest change on the master that is not here yet (E23); documents that are held do not count. */
function rpoOf(replica: Replica, knownDocuments: number, facts: Facts) {
  const lag = facts.lag.find((row) => row.replica_id === replica.id);
  return rpoSeconds(
    {
      oldestChange: lag?.oldest_change ?? null,
      knownDocuments,
      master: { lastContact: facts.master.last_contact_at, failing: facts.master.error_code !== null },
      intervalSeconds: facts.settings.syncIntervalSeconds,
    },
    facts.now,
  );
}

/** What the last look at the instance found (E25); without a time it was never looked at. */
function countFindings({ hygiene, hygiene_at }: Replica) {
  const count = (severity: string) => (hygiene ?? []).filter((finding) => finding.severity === severity).length;
  return { checked_at: hygiene_at, danger: count('danger'), warning: count('warning'), info: count('info') };
}

function countDocuments(replicaId: number, { counts, lag }: Facts) {
  const own = counts.filter((count) => count.replica_id === replicaId);
  const sum = (matches: (count: views.LinkCount) => boolean) =>
    own.filter(matches).reduce((total, count) => total + count.documents, 0);
  const blocked = sum(({ phase }) => phase === 'blocked');
  const givenUp = sum(({ phase }) => phase === 'dlq');
  return {
    // A document that left the master before it was uploaded is no document of the library.
    total: sum(({ phase }) => phase !== 'gone'),
    ok: sum(({ status, phase }) => status === 'ok' && phase !== 'gone'),
    pending: sum(({ status, phase }) => status === 'pending' && phase !== 'gone' && phase !== 'excluded'),
    failed: sum(({ status, phase }) => status === 'error' && phase !== 'blocked' && phase !== 'dlq'),
    given_up: givenUp,
    blocked,
    excluded: sum(({ phase }) => phase === 'excluded'),
    held: lag.find((row) => row.replica_id === replicaId)?.held ?? 0,
    waiting: lag.find((row) => row.replica_id === replicaId)?.documents ?? 0,
  };
}

function presentMaster(settings: Settings, master: Awaited<ReturnType<typeof masterState>>) {
  return {
    url: settings.masterUrl,
    configured: settings.masterUrl !== null && settings.masterToken !== null,
    // Null: not asked yet.
    reachable: master.error_code !== null ? false : master.last_contact_at === null ? null : true,
    version: master.version,
    superuser: master.is_superuser,
    document_count: master.document_count,
    last_contact_at: master.last_contact_at,
    error_code: master.error_code,
    error: master.error_msg,
  };
}

/** One sentence, the worst first. */
function summary(
  settings: Settings,
  masterError: string | null,
  replicas: readonly PresentedReplica[],
  scratch: ScratchState,
): string {
  if (settings.masterUrl === null || settings.masterToken === null) return 'No master is configured yet.';
  if (masterError !== null) return `The master has a problem: ${masterError}`;
  if (scratch.full_since !== null)
    return 'A scratch folder is full: uploads wait until there is room under SCRATCH_DIR.';
  if (replicas.length === 0) return 'No replica is configured yet.';
  for (const state of ['needs_you', 'failing', 'drifted', 'late'] as const) {
    const affected = replicas.filter((replica) => replica.state === state);
    const first = affected[0];
    if (first === undefined) continue;
    const one = affected.length === 1;
    const what = {
      needs_you: one ? 'needs you' : 'need you',
      failing: one ? 'is failing' : 'are failing',
      drifted: one ? 'differs' : 'differ',
      late: one ? 'is late' : 'are late',
    }[state];
    return `${affected.length} of ${plural(replicas.length, 'replica')} ${what}. ${first.name}: ${first.reason}`;
  }
  const paused = replicas.filter((replica) => replica.state === 'paused').length;
  const active = replicas.length - paused;
  const tail = paused === 0 ? '' : ` ${plural(paused, 'replica')} paused.`;
  if (replicas.some((replica) => replica.state === 'syncing')) return `A cycle is running.${tail}`;
  if (replicas.some((replica) => replica.state === 'never_run')) return `The first cycle is due.${tail}`;
  if (active === 0) return `All ${plural(replicas.length, 'replica')} paused.`;
  const oldest = Math.max(...replicas.map((replica) => replica.lag_seconds ?? 0));
  return `${plural(active, 'replica')} in step as of ${duration(oldest)} ago.${tail}`;
}
