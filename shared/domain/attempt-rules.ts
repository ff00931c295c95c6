/**
 * When an upload attempt is closed, and when its file may be sent again (protocol section 1). paperless loses and repeats
 * tasks (F5), so a row is never proof; deadlines lead to another look, never to "failed".
 */
import { HOUR, MINUTE, SECOND } from '../kernel/clock.ts';

export interface AttemptFacts {
  readonly state: 'sending' | 'unknown' | 'awaiting' | 'success' | 'failure' | 'refused';
  readonly postedAt: number;
  /** First sight of STARTED (v2 rows have no start time). */
  readonly startedSeenAt: number | null;
  readonly terminalAt: number | null;
  /** Since when the process that sent it is known to be dead, or its socket destroyed, without an answer. */
  readonly senderGoneAt: number | null;
  /** All attempts of the link sent the same bytes. */
  readonly sameBytes: boolean;
  /** Its message is out of sight: no row, or one that no longer moves. The broker may still bring it back (F5). */
  readonly lost?: boolean;
  /** When a later upload of the same document ended: whatever waited in front of it has been taken by then. */
  readonly overtakenAt?: number | null;
}

export interface AttemptTimings {
  readonly requestTimeoutMs: number;
  /** After a request whose outcome nobody knows: 3.x may still hold it (protocol section 1). */
  readonly unknownHoldMs: number;
  /** paperless kills a consumption after 1800 s. */
  readonly workerLimitMs: number;
  /** A message that waits longer than the broker's visibility timeout is delivered twice. */
  readonly redeliveryMs: number;
  /** PENDING while nothing moves this long: the queue was wiped or is stuck. */
  readonly stuckQueueMs: number;
  readonly looksApartMs: number;
}

export const ATTEMPT_TIMINGS: AttemptTimings = {
  requestTimeoutMs: 60 * SECOND,
  unknownHoldMs: 2 * MINUTE,
  workerLimitMs: 1860 * SECOND,
  redeliveryMs: HOUR,
  stuckQueueMs: 15 * MINUTE,
  looksApartMs: 10 * SECOND,
};

/** Taken up within 50 of the 60 minutes after which a broker delivers a waiting message again. */
const soonAfter = ({ redeliveryMs }: AttemptTimings): number => (redeliveryMs * 5) / 6;

/** Whether nothing can come of the attempt any more, so that the reserved ASN may be given up. */
export function isClosed(
  attempt: AttemptFacts,
  generation: 'v2' | 'v3',
  now: number,
  t: AttemptTimings = ATTEMPT_TIMINGS,
): boolean {
  switch (attempt.state) {
    case 'success':
    case 'refused':
      return true;
    case 'failure': {
      const seen = attempt.startedSeenAt ?? attempt.terminalAt ?? now;
      // Terminal early enough that the broker cannot hold a second delivery of the message (F5).
      if (seen - attempt.postedAt < soonAfter(t)) return true;
      return now - (attempt.terminalAt ?? now) >= 2 * t.redeliveryMs;
    }
    case 'awaiting': {
      if (attempt.startedSeenAt !== null && attempt.startedSeenAt - attempt.postedAt < soonAfter(t))
        return now - attempt.startedSeenAt > t.workerLimitMs;
      return attempt.startedSeenAt !== null && now - attempt.startedSeenAt >= 2 * t.redeliveryMs;
    }
    case 'unknown': {
      const hold = Math.max(t.unknownHoldMs, 2 * t.requestTimeoutMs);
      if (attempt.senderGoneAt === null) return false;
      if (generation === 'v2' && attempt.sameBytes) return true;
      return attempt.lost ? isLostForGood(attempt, now, t) : now - attempt.senderGoneAt >= hold;
    }
    case 'sending':
      return false;
    default:
      return attempt.state satisfies never;
  }
}

/** A worker that was seen to start is killed by paperless; a message that waits comes back after the broker's timeout. */
function isLostForGood(
  { postedAt, startedSeenAt, overtakenAt }: AttemptFacts,
  now: number,
  t: AttemptTimings,
): boolean {
  if (startedSeenAt !== null && startedSeenAt - postedAt < soonAfter(t)) return now - startedSeenAt > t.workerLimitMs;
  return overtakenAt !== undefined && overtakenAt !== null && now - overtakenAt >= 2 * t.redeliveryMs;
}

export interface TaskView {
  readonly state: 'pending' | 'started' | 'gone';
  /** Last time any task of the replica was seen to move. */
  readonly queueMovedAt: number;
}

/** Whether an awaited upload may be sent again under the same R: queue wiped or stuck, run over its limit, row gone. */
export function mayPostAgain(
  attempt: AttemptFacts,
  task: TaskView,
  now: number,
  t: AttemptTimings = ATTEMPT_TIMINGS,
): boolean {
  if (task.state === 'gone') return true;
  if (task.state === 'started') return attempt.startedSeenAt !== null && now - attempt.startedSeenAt > t.workerLimitMs;
  return now - Math.max(attempt.postedAt, task.queueMovedAt) > t.stuckQueueMs;
}
