/** How much would be lost if the master died now (E23): the age of the oldest change that is not on the replica yet. */

/**
 * Waits that time alone does not end: a person, another document, or the rest after an unanswered write. Counted apart, or
 * one of them would hide how far behind everything else is.
 */
export const HELD_CODES = [
  'uploads_held',
  'link_target_missing',
  'asn_taken',
  'releasing',
  'write_unanswered',
  'fence_off',
] as const;

export interface LagFacts {
  /** The oldest change on the master that a link of this replica still owes; null: nothing is owed. */
  readonly oldestChange: Date | null;
  /** Documents of this replica that are known at all. */
  readonly knownDocuments: number;
  readonly master: { readonly lastContact: Date | null; readonly failing: boolean };
  /** How often the master is read. */
  readonly intervalSeconds: number;
}

/** Null while nothing is known: the master was never read, or this replica has had no cycle yet. */
export function rpoSeconds(facts: LagFacts, now: Date): number | null {
  const { lastContact, failing } = facts.master;
  if (lastContact === null || (facts.knownDocuments === 0 && facts.oldestChange === null)) return null;
  const owed = facts.oldestChange === null ? 0 : secondsSince(facts.oldestChange, now);
  const silence = secondsSince(lastContact, now);
  // Nobody knows what changed on a master that is not read: then every second may have brought a change.
  const unread = failing || silence > 2 * facts.intervalSeconds + GRACE_SECONDS;
  return Math.max(owed, unread ? silence : 0);
}

const GRACE_SECONDS = 300;

/** The clock of the master may be ahead of ours. */
function secondsSince(at: Date, now: Date): number {
  return Math.max(0, (now.getTime() - at.getTime()) / 1000);
}

/** A cycle takes its time; half an interval, five minutes at least, is no delay yet. Never synced is not late. */
export function isLate(lastSync: Date | null, intervalSeconds: number, now: Date): boolean {
  if (lastSync === null) return false;
  const age = (now.getTime() - lastSync.getTime()) / 1000;
  return age > intervalSeconds + Math.max(GRACE_SECONDS, intervalSeconds / 2);
}
