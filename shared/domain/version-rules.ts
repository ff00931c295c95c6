/**
 * The marker of a version upload, and when one may be sent again (H9). No reserved number keeps a second one out, so the
 * rules are stricter than those of uploads: a version that comes twice is found by its marker and taken away.
 */
import { isClosed, type AttemptFacts, type AttemptTimings } from './attempt-rules.ts';

/** At most 64 characters (paperless-api.md 8.1). */
export function versionLabel(controllerId: string, masterVersionId: number, k: number): string {
  return `pngx.${controllerId}.v${masterVersionId}.${k}`;
}

/** Whatever controller wrote it. */
export function isVersionLabel(label: string | null): boolean {
  return label !== null && /^pngx\.[0-9a-z]+\.v\d+\.\d+$/i.test(label);
}

export interface VersionLooks {
  /** Clean reads of the version list that showed neither our label nor our bytes, since the end of the attempt. */
  readonly count: number;
  readonly lastAt: number | null;
}

/**
 * Closed by a terminal failure and looked for twice since, some time apart; or without row or version for twice the time
 * after which the broker delivers a message again (F5).
 */
export function mayPostVersionAgain(
  attempt: AttemptFacts,
  looks: VersionLooks,
  now: number,
  timings: AttemptTimings,
): boolean {
  if (attempt.state === 'refused') return true;
  if (looks.count < 2 || attempt.state === 'success') return false;
  if (attempt.state === 'failure') return isClosed(attempt, 'v3', now, timings);
  const since = attempt.senderGoneAt ?? attempt.startedSeenAt ?? attempt.postedAt;
  return now - Math.max(since, attempt.postedAt) >= 2 * timings.redeliveryMs;
}
