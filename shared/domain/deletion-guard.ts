/**
 * Which copies go, and why or why not (E20, H15, H24). Pure: the same function plans and answers the dry run, so that the
 * list shown equals what applying it does.
 */
import { DAY } from '../kernel/clock.ts';

/** A copy stays in the replica's trash at least so long before it may be purged. */
export const PURGE_AFTER_MS = DAY;
/** Deletions of these days count together, or a slow leak would pass below the limits. */
export const GUARD_WINDOW_MS = 7 * DAY;
/** One sweep can be wrong in a way that looks right; two in a row, a day apart, hardly. */
const SWEEPS_FOR_ABSENCE = 2;

export interface DeletionCandidate {
  readonly linkId: number;
  readonly masterDocId: number;
  readonly replicaDocId: number;
  /** Where the document was last seen to be. */
  readonly absence: 'trashed' | 'absent';
  readonly trashedSweeps: number;
  readonly absentSweeps: number;
  readonly lastSweepRun: number | null;
  /** Its id is above all that the master shows, as after a restore of an older backup. */
  readonly newest: boolean;
  /** A person confirmed that it is gone. */
  readonly confirmed: boolean;
  /** A person undid its deletion. */
  readonly kept: boolean;
  /** Its identity, or that of its copy, is in doubt (H2, E26). */
  readonly quarantined: boolean;
  /** Its file is being replaced: there are two documents for a while (H14). */
  readonly replacing: boolean;
  readonly tombstone: {
    readonly id: number;
    readonly state: string;
    readonly trashedAt: number | null;
    readonly trashedRun: number | null;
  } | null;
}

/** What forbids every deletion on this replica for now. */
export interface DeletionBlocks {
  readonly masterSubset: boolean;
  readonly masterSuspended: boolean;
  readonly masterDocuments: number;
  /** Signs that the master was restored or replaced, not yet confirmed by a person. */
  readonly suspects: number;
  /** Complete sweeps so far, and how many there must be (after a restore of our own database). */
  readonly sweeps: number;
  readonly sweepsNeeded: number;
  readonly replicaUnconfirmed: boolean;
}

export interface GuardLimits {
  readonly maxPercent: number;
  readonly maxCount: number;
  /** Live and trashed copies on the replica. */
  readonly copies: number;
  /** Deletions planned within the window, or since a person acknowledged. */
  readonly recent: number;
  /** How many a person let go since then; 0 where nobody was asked. */
  readonly approved: number;
}

export interface DeletionRules {
  readonly mode: 'keep' | 'trash' | 'delete';
  readonly now: number;
  readonly blocks: DeletionBlocks;
  readonly limits: GuardLimits;
  /** The latch: why nothing goes until a person acknowledges. */
  readonly held: string | null;
}

/** `release`: kept, and free to become the copy of a document that is uploaded again (H24). */
export type DeletionAction = 'trash' | 'purge' | 'release' | 'keep' | 'wait' | 'under_way';

export interface DeletionVerdict {
  readonly candidate: DeletionCandidate;
  readonly action: DeletionAction;
  readonly why: string;
}

export interface DeletionDecision {
  /** What would be done if nothing forbade it. */
  readonly verdicts: readonly DeletionVerdict[];
  /** Why nothing of it is done now, or null. */
  readonly stopped: string | null;
  /** The guard trips with this plan: latch, and ask a person. */
  readonly trips: boolean;
  /** New deletions in this plan. */
  readonly wanted: number;
  /** How many may go within the window. */
  readonly limit: number;
}

export function decideDeletions(candidates: readonly DeletionCandidate[], rules: DeletionRules): DeletionDecision {
  const verdicts = candidates.map((candidate) => ({ candidate, ...judge(candidate, rules) }));
  const wanted = verdicts.filter(({ action }) => action === 'trash').length;
  const limit = deletionLimit(rules.limits);
  const trips = wanted > 0 && rules.limits.recent + wanted > Math.max(limit, rules.limits.approved);
  const stopped = blockedBy(rules.blocks) ?? rules.held ?? (trips ? tripped(wanted, rules.limits, limit) : null);
  return { verdicts, stopped, trips: trips && blockedBy(rules.blocks) === null, wanted, limit };
}

/** More than this within the window is for a person to say. */
export function deletionLimit({ maxPercent, maxCount, copies }: GuardLimits): number {
  return Math.min(maxCount, Math.floor((copies * maxPercent) / 100));
}

function tripped(wanted: number, { recent, copies }: GuardLimits, limit: number): string {
  return `${wanted} of ${copies} copies would go now, after ${recent} within 7 days; ${limit} may go without asking.`;
}

function blockedBy(blocks: DeletionBlocks): string | null {
  if (blocks.masterSuspended) return 'The master is suspended until someone confirms what happened to it.';
  if (blocks.masterSubset) return "The master is seen through a token that is not a superuser's.";
  if (blocks.masterDocuments === 0) return 'The master looks empty.';
  if (blocks.suspects > 0)
    return `The master looks restored or replaced: ${blocks.suspects} documents are not as they were known, and nobody has confirmed that.`;
  if (blocks.sweeps < blocks.sweepsNeeded)
    return `The controller's database was restored: ${blocks.sweepsNeeded - blocks.sweeps} complete sweeps of the master come first.`;
  if (blocks.replicaUnconfirmed) return 'The address of the replica changed and is not confirmed yet.';
  return null;
}

type Judgement = Omit<DeletionVerdict, 'candidate'>;
const say = (action: DeletionAction, why: string): Judgement => ({ action, why });

function judge(candidate: DeletionCandidate, rules: DeletionRules): Judgement {
  if (candidate.kept) return say('keep', 'A person undid its deletion.');
  if (candidate.quarantined) return say('keep', 'Its identity is in doubt; it waits for a person.');
  if (candidate.replacing) return say('wait', 'Its file is being replaced.');
  if (candidate.tombstone) return judgeTombstone(candidate, candidate.tombstone, rules);
  const proven = provenGone(candidate);
  if (!proven.gone) return say('wait', proven.why);
  if (rules.mode !== 'keep') return say('trash', proven.why);
  return candidate.absence === 'absent' && candidate.absentSweeps >= SWEEPS_FOR_ABSENCE
    ? say('release', `${proven.why} Deletions are off: the copy stays and may be adopted.`)
    : say('keep', `${proven.why} Deletions are off: the copy stays.`);
}

function provenGone(candidate: DeletionCandidate): { readonly gone: boolean; readonly why: string } {
  if (candidate.trashedSweeps > 0) return { gone: true, why: "A sweep saw it in the master's trash." };
  if (candidate.absentSweeps < SWEEPS_FOR_ABSENCE)
    return {
      gone: false,
      why:
        candidate.absence === 'trashed'
          ? "In the master's trash; the next sweep decides."
          : `Missing on the master, in list and trash, for ${candidate.absentSweeps} of ${SWEEPS_FOR_ABSENCE} sweeps.`,
    };
  if (candidate.newest && !candidate.confirmed)
    return {
      gone: false,
      why: 'It was the newest document of the master: a restored backup looks the same. A newer document, or a person, decides.',
    };
  return { gone: true, why: `${SWEEPS_FOR_ABSENCE} sweeps found it neither in the master's list nor in its trash.` };
}

function judgeTombstone(
  candidate: DeletionCandidate,
  tombstone: NonNullable<DeletionCandidate['tombstone']>,
  { mode, now }: DeletionRules,
): Judgement {
  if (tombstone.state !== 'trashed') return say('under_way', `Its deletion is ${tombstone.state.replace('_', ' ')}.`);
  if (mode !== 'delete') return say('keep', "In the replica's trash.");
  if (candidate.absence !== 'absent' || candidate.absentSweeps < SWEEPS_FOR_ABSENCE)
    return say(
      'wait',
      "In the replica's trash; it is purged when two sweeps found it gone from the master's trash too.",
    );
  if (candidate.newest && !candidate.confirmed && candidate.trashedSweeps === 0)
    return say('wait', 'It was the newest document of the master; a newer one, or a person, decides.');
  if (tombstone.trashedAt === null || now - tombstone.trashedAt < PURGE_AFTER_MS)
    return say('wait', "In the replica's trash; it stays there for 24 hours at least.");
  if (
    candidate.lastSweepRun === null ||
    tombstone.trashedRun === null ||
    candidate.lastSweepRun <= tombstone.trashedRun
  )
    return say('wait', "In the replica's trash; one more clean sweep comes first.");
  return say('purge', "Gone from the master's trash, and long enough in the replica's.");
}
