/** Verification (E22): how deep one can look, what can be found, what of it can be repaired, and when a replica is verified. */

import type { Difference } from './compare.ts';
import { csvLine } from './csv.ts';

/** From shallow to deep; each includes the ones before it. */
export const DEPTHS = [
  'list', // ids and counts of both sides
  'metadata', // every replicated field, notes, links, owner, permissions
  'checksum', // the checksums that both instances state of their files
  'bytes', // the files themselves, downloaded and hashed
] as const;
export type Depth = (typeof DEPTHS)[number];

export function isAsDeep(depth: Depth, as: Depth): boolean {
  return DEPTHS.indexOf(depth) >= DEPTHS.indexOf(as);
}

interface FindingRule {
  /** A copy is not what it has to be, so the replica cannot be called verified. */
  readonly drift: boolean;
  /** The engine can put it right; the others say their next step to a person. */
  readonly repair: boolean;
}

export const FINDINGS = {
  missing: { drift: true, repair: true },
  field_differs: { drift: true, repair: true },
  wrong_owner: { drift: true, repair: true },
  note_lost: { drift: true, repair: true },
  link_differs: { drift: true, repair: true },
  file_differs: { drift: true, repair: true },
  /** The instance's own bytes are not those of its own checksum. */
  file_damaged: { drift: true, repair: false },
  /** A surplus copy that bears our mark. */
  twin: { drift: true, repair: true },
  /** The id names another document than the one that was linked (H2). */
  identity_changed: { drift: true, repair: false },
  /** A document of the replica that no link owns: listed, never touched. */
  foreign: { drift: false, repair: false },
  /** Notes that users of the replica wrote: kept. */
  note_added: { drift: false, repair: false },
  /** A copy whose document left the master: what becomes of it is the choice of the deletion mode (E20). */
  not_on_master: { drift: false, repair: false },
  /** Documents whose bytes were not read within the window: the time budget won. */
  window_missed: { drift: false, repair: false },
} as const satisfies Record<string, FindingRule>;

export type FindingKind = keyof typeof FINDINGS;
export const FINDING_KINDS = Object.keys(FINDINGS) as FindingKind[];

const KIND_OF_FIELD: Readonly<Record<string, FindingKind>> = {
  owner: 'wrong_owner',
  permissions: 'wrong_owner',
  notes: 'note_lost',
  document_links: 'link_differs',
  file: 'file_differs',
  versions: 'file_differs',
};

/** Differences of one document by what they are called. */
export function groupByKind(differences: readonly Difference[]): Map<FindingKind, Difference[]> {
  const groups = new Map<FindingKind, Difference[]>();
  for (const difference of differences) {
    const kind = KIND_OF_FIELD[difference.field] ?? 'field_differs';
    groups.set(kind, [...(groups.get(kind) ?? []), difference]);
  }
  return groups;
}

/** A finding that repairs do not end is left to a person. */
export const MAX_REPAIR_ROUNDS = 3;

export interface VerificationFacts {
  /** Documents that this replica has to have. */
  readonly documents: number;
  /** Of them, found equal at depth checksum or deeper within the window, and not moved since. */
  readonly verified: number;
  /** Of the others, those that a look read back as equal in the last two days: the next nightly slice takes them first. */
  readonly readBack: number;
  /** Open findings by kind. */
  readonly findings: Readonly<Partial<Record<FindingKind, number>>>;
  readonly givenUp: number;
  readonly blocked: number;
  /** Left out by a person: they are none of `documents`. */
  readonly excluded: number;
  readonly windowDays: number;
  /** The master token does not see everything. */
  readonly subset: boolean;
}

export interface Verdict {
  readonly verified: boolean;
  readonly reason: string;
}

/** "Verified" as product.md means it: compared within the window, with nothing missing, drifted or given up. */
export function judgeVerification(facts: VerificationFacts): Verdict {
  const no = (reason: string): Verdict => ({ verified: false, reason });
  if (facts.subset) return no("The master token is not a superuser's: what it does not see cannot be verified.");
  const drift = FINDING_KINDS.filter((kind) => FINDINGS[kind].drift && (facts.findings[kind] ?? 0) > 0);
  if (drift.length > 0)
    return no(
      `Open findings: ${drift.map((kind) => `${facts.findings[kind]} ${kind.replaceAll('_', ' ')}`).join(', ')}.`,
    );
  if (facts.givenUp > 0) return no(`${facts.givenUp} failed for good.`);
  if (facts.blocked > 0) return no(`${facts.blocked} cannot be taken by this replica.`);
  const open = facts.documents - facts.verified - facts.readBack;
  if (open > 0) return no(`${open} of ${facts.documents} not compared within ${facts.windowDays} days.`);
  if (facts.documents === 0)
    return no(
      facts.excluded > 0 ? `Nothing to verify: ${facts.excluded} excluded.` : 'There is nothing to verify yet.',
    );
  const written = facts.readBack > 0 ? `, ${facts.readBack} of them as they were read back after a write` : '';
  const apart = facts.excluded > 0 ? `; ${facts.excluded} excluded` : '';
  return {
    verified: true,
    reason: `All ${facts.documents} compared within ${facts.windowDays} days${written}${apart}.`,
  };
}

export interface ReceiptRow {
  readonly link_id: number;
  readonly master_doc_id: number;
  readonly replica_doc_id: number | null;
  readonly depth: Depth;
  readonly compared_at: Date;
  readonly outcome: string;
  readonly reason: string | null;
  readonly master_file: string | null;
  readonly copy_file: string | null;
  readonly master_fields: string | null;
  readonly copy_fields: string | null;
}

const RECEIPT_COLUMNS = [
  'master_doc_id',
  'replica_doc_id',
  'depth',
  'compared_at',
  'outcome',
  'reason',
  'master_file',
  'copy_file',
  'master_fields',
  'copy_fields',
] as const satisfies readonly (keyof ReceiptRow)[];

/** Header and lines of a receipt; its digest is the SHA-256 of all of them, so that `sha256sum` of the CSV checks it. */
export const RECEIPT_HEADER = `${RECEIPT_COLUMNS.join(',')}\r\n`;

export function receiptLine(row: ReceiptRow): string {
  return csvLine(RECEIPT_COLUMNS.map((column) => row[column]));
}

/** The next time of day `hour`:00 in this zone after `now`: nightly work runs when nobody reads. */
export function nextNight(now: Date, timeZone: string, hour: number): Date {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const start = Math.ceil((now.getTime() + 1) / QUARTER) * QUARTER;
  // Zones shift by quarters of an hour at most; a day has one such moment, or none where summer time begins just then.
  for (let at = start; at < start + 2 * 96 * QUARTER; at += QUARTER)
    if (format.format(new Date(at)) === `${String(hour).padStart(2, '0')}:00`) return new Date(at);
  return new Date(start + 96 * QUARTER);
}

const QUARTER = 15 * 60_000;
