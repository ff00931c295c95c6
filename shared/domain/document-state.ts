/** The phases of a link (protocol section 1) and what they mean to people. */
export const PHASES = [
  'pending', // nothing done yet
  'locating', // is it there already?
  'prepared', // the file is here and verified
  'sending', // the POST is on its way; found in this phase, its outcome is unknown
  'unknown', // a POST was sent and no clean answer came
  'awaiting', // the replica consumes it
  'claimed', // the copy is known, nothing of it was written yet
  'finalising', // fields and notes
  'linking', // document links, with the leases of all ends
  'releasing', // the reserved ASN is still held
  'ok',
  'failed', // retried in a later cycle
  'dlq', // given up until the document changes or someone retries
  'blocked', // this replica can never take it as things stand
  'gone', // deleted on the master before it was ever uploaded
  'excluded', // a person left it out on this replica, until it is included again
] as const;
export type Phase = (typeof PHASES)[number];

/** Phases in which the replica may have an upload of this link under way. */
export const UPLOADING: readonly Phase[] = ['sending', 'unknown', 'awaiting'];

/** Phases of work that was begun: it is brought to its end before anything new, in quiet hours too. */
export const BEGUN: readonly Phase[] = [...UPLOADING, 'claimed', 'finalising', 'releasing'];

export interface LinkPosition {
  readonly replicaDocId: number | null;
  readonly lastAttempt: 'sending' | 'unknown' | 'awaiting' | 'success' | 'failure' | 'refused' | null;
}

/**
 * Where a new look at a link starts. Derived from what is durable, not from the phase alone: whoever died left the rows of
 * its intents, and "sending" without an answer is "unknown". A known copy is always read again before it is written.
 */
export function entryPhase(link: LinkPosition): Phase {
  if (link.replicaDocId !== null) return 'claimed';
  switch (link.lastAttempt) {
    case 'sending':
    case 'unknown':
      return 'unknown';
    case 'awaiting':
    case 'success':
      return 'awaiting';
    case 'failure':
    case 'refused':
    case null:
      return 'pending';
    default:
      return link.lastAttempt satisfies never;
  }
}
