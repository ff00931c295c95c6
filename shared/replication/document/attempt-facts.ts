import type { Attempt } from '../../db/tables.ts';
import { isClosed, type AttemptFacts } from '../../domain/attempt-rules.ts';
import { end, type DocumentWork, type Step } from './work.ts';

export const TASK_LOST = 'task_lost';

/** An attempt as the pure rules see it. */
export function attemptFacts(work: DocumentWork, attempt: Attempt): AttemptFacts {
  return {
    state: attempt.state,
    postedAt: attempt.posted_at.getTime(),
    startedSeenAt: attempt.started_seen_at?.getTime() ?? null,
    terminalAt: attempt.terminal_at?.getTime() ?? null,
    senderGoneAt: attempt.unknown_at?.getTime() ?? null,
    lost: attempt.failure_code === TASK_LOST,
    overtakenAt: overtakenAt(work, attempt),
    sameBytes: work.attempts.every((one) => one.sha256 === attempt.sha256),
  };
}

/** Whether nothing can come of any attempt any more: only then is the reserved ASN given up. */
export function allClosed(work: DocumentWork): boolean {
  const now = work.deps.clock.now().getTime();
  return work.attempts.every((attempt) =>
    isClosed(attemptFacts(work, attempt), work.findings.generation, now, work.deps.timings),
  );
}

function overtakenAt(work: DocumentWork, attempt: Attempt): number | null {
  const ends = work.attempts.flatMap(({ k, terminal_at: end }) =>
    k > attempt.k && end !== null ? [end.getTime()] : [],
  );
  const byOthers = work.overtaken.get(attempt.id);
  if (byOthers !== undefined) ends.push(byOthers);
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Everything is as desired but for the ASN, which stays reserved until no attempt can produce a second copy. */
export function releaseLater(work: DocumentWork): Step {
  const due = new Date(work.deps.clock.now().getTime() + work.deps.timings.unknownHoldMs / 2);
  return end(
    'held',
    'releasing',
    'Complete, but for the archive serial number: it stays reserved until no repeat of the upload can come any more.',
    { phase: 'releasing', next_due_at: due },
  );
}
