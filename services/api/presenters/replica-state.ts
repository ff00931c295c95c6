/** The one word and the one sentence for a replica; the worst wins. Pure, so that every case has its test. */
import { isLate } from '../../../shared/domain/lag.ts';

export type ReplicaStatus = 'synced' | 'syncing' | 'error' | 'unreachable' | 'suspended';
/** The words of the pages. `up_to_date` says that nothing waits; `verified` that it was compared, within the window. */
export type ReplicaState =
  | 'verified'
  | 'up_to_date'
  | 'syncing'
  | 'behind'
  | 'late'
  | 'failing'
  | 'drifted'
  | 'needs_you'
  | 'paused'
  | 'resting'
  | 'never_run';

export interface ReplicaFacts {
  readonly enabled: boolean;
  readonly pausedAt: Date | null;
  readonly pauseReason: string | null;
  readonly suspendedAt: Date | null;
  readonly suspendedReason: string | null;
  readonly consecutiveFailures: number;
  readonly errorCode: string | null;
  readonly errorMsg: string | null;
  readonly uploadsHeld: string | null;
  /** Why no copy is deleted until a person acknowledges (E20). */
  readonly deletionsHeld: string | null;
  readonly lastSync: Date | null;
  readonly intervalSeconds: number;
  /** Progress of the run that is open, or null. */
  readonly running: { readonly phase: string; readonly done: number; readonly total: number } | null;
  readonly documents: {
    readonly waiting: number;
    readonly failed: number;
    readonly givenUp: number;
    readonly blocked: number;
    /** Differences that verification found and that no pending work explains. */
    readonly drifted: number;
  };
  /** Nothing is begun on it until then: quiet hours, or it asked to be left alone. */
  readonly resting: { readonly why: string; readonly until: Date } | null;
  /** Why no upload is begun just now although some are due, or null: they go on by themselves. */
  readonly uploadsPause: string | null;
  /** Edits on the replica that wait for a person. */
  readonly conflicts: number;
  /** Why it counts as verified, or null. */
  readonly verified: string | null;
}
export interface ReplicaVerdict {
  readonly status: ReplicaStatus;
  readonly state: ReplicaState;
  readonly reason: string;
}

/** Codes of an instance that is not there for the moment: the next cycle tries again, nobody needs to do anything. */
const PASSING = new Set([
  'instance_unreachable',
  'instance_timeout',
  'body_truncated',
  'bad_gateway',
  'server_error',
  'database_locked',
  'rate_limited',
  'slot_lost',
  'answer_missing',
  'answered_error',
]);

export function judgeReplica(replica: ReplicaFacts, now: Date): ReplicaVerdict {
  return (
    stopped(replica) ??
    troubled(replica) ??
    atWork(replica) ??
    unfinished(replica) ??
    drifted(replica) ??
    resting(replica) ??
    settled(replica, now)
  );
}

function stopped(replica: ReplicaFacts): ReplicaVerdict | null {
  if (replica.suspendedAt !== null) {
    const why =
      replica.suspendedReason ?? `Suspended after ${plural(replica.consecutiveFailures, 'failed run')} in a row.`;
    return { status: 'suspended', state: 'needs_you', reason: sentence(why) };
  }
  if (!replica.enabled) return { status: 'suspended', state: 'paused', reason: 'Disabled: no cycle includes it.' };
  if (replica.pausedAt !== null)
    return { status: 'suspended', state: 'paused', reason: sentence(replica.pauseReason ?? 'Paused by a person.') };
  return null;
}

function troubled(replica: ReplicaFacts): ReplicaVerdict | null {
  if (replica.uploadsHeld !== null)
    return { status: 'error', state: 'needs_you', reason: sentence(`Uploads wait for you: ${replica.uploadsHeld}`) };
  if (replica.errorCode === null) return null;
  const why = sentence(replica.errorMsg ?? replica.errorCode);
  if (!PASSING.has(replica.errorCode)) return { status: 'error', state: 'needs_you', reason: why };
  // While a run is open it may be just the one that heals this; its progress says more than the old fault.
  if (replica.running !== null) return null;
  return { status: 'unreachable', state: 'failing', reason: `${why} The next cycle tries again.` };
}

function atWork({ running, resting: rest, uploadsPause }: ReplicaFacts): ReplicaVerdict | null {
  if (running === null || rest !== null) return null;
  const progress =
    running.total === 0 ? `Phase ${running.phase}.` : `${running.done} of ${plural(running.total, 'document')} done.`;
  const pause = uploadsPause === null ? '' : ` Uploads pause: ${sentence(uploadsPause)}`;
  return { status: 'syncing', state: 'syncing', reason: `${progress}${pause}` };
}

function unfinished({ documents, conflicts, deletionsHeld }: ReplicaFacts): ReplicaVerdict | null {
  const { failed, givenUp, blocked } = documents;
  if (givenUp + blocked + conflicts > 0 || deletionsHeld !== null) {
    const parts = [
      ...(deletionsHeld === null ? [] : [`Deletions wait for you: ${deletionsHeld.replace(/\.$/, '')}`]),
      ...(conflicts > 0 ? [`${plural(conflicts, 'edit')} on the replica: you decide which side stays`] : []),
      ...(blocked > 0 ? [`${plural(blocked, 'document')} cannot be taken by this replica`] : []),
      ...(givenUp > 0 ? [`${plural(givenUp, 'document')} failed for good`] : []),
      ...(failed > 0 ? [`${plural(failed, 'document')} failed and will be tried again`] : []),
    ];
    return { status: 'error', state: 'needs_you', reason: sentence(parts.join('; ')) };
  }
  if (failed === 0) return null;
  return { status: 'error', state: 'failing', reason: `${plural(failed, 'document')} failed and will be tried again.` };
}

function drifted({ documents: { drifted: found } }: ReplicaFacts): ReplicaVerdict | null {
  if (found === 0) return null;
  return { status: 'error', state: 'drifted', reason: `Verification found ${plural(found, 'difference')}.` };
}

/** Before "late": that it is late is meant so. What is owed meanwhile shows in the lag. */
function resting({ resting: rest, documents, running }: ReplicaFacts): ReplicaVerdict | null {
  if (rest === null) return null;
  const owed = documents.waiting === 0 ? '' : ` ${plural(documents.waiting, 'change')} waiting.`;
  const status = documents.waiting === 0 && running === null ? 'synced' : 'syncing';
  return { status, state: 'resting', reason: `${rest.why} until ${rest.until.toISOString()}.${owed}` };
}

function settled(replica: ReplicaFacts, now: Date): ReplicaVerdict {
  const { lastSync, intervalSeconds, documents } = replica;
  // Not "synced": nothing was compared yet. Its first cycle is due at the next tick.
  if (lastSync === null) return { status: 'syncing', state: 'never_run', reason: 'Waits for its first cycle.' };
  const age = (now.getTime() - lastSync.getTime()) / 1000;
  if (isLate(lastSync, intervalSeconds, now))
    return {
      status: 'error',
      state: 'late',
      reason: `The last good cycle began ${duration(age)} ago; one is due every ${duration(intervalSeconds)}.`,
    };
  if (documents.waiting > 0)
    return {
      status: 'synced',
      state: 'behind',
      reason: `${plural(documents.waiting, 'change')} waiting for the next cycle.`,
    };
  if (replica.verified !== null) return { status: 'synced', state: 'verified', reason: replica.verified };
  return { status: 'synced', state: 'up_to_date', reason: 'No known change waits.' };
}

export function duration(seconds: number): string {
  if (seconds < 120) return plural(Math.round(seconds), 'second');
  if (seconds < 7200) return plural(Math.round(seconds / 60), 'minute');
  return seconds < 172_800 ? plural(Math.round(seconds / 3600), 'hour') : plural(Math.round(seconds / 86_400), 'day');
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
