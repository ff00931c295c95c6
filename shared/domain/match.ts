/**
 * Which replica document may be taken for a master document it was not made from (H3). Content only nominates: a candidate
 * must be nobody's, a live root, and bear no mark of another upload.
 */
import { markedMasterId } from './markers.ts';

export interface Candidate {
  readonly id: number;
  readonly title: string;
  readonly created: string;
  readonly added: string;
  readonly asn: number | null;
}
export interface MatchTarget {
  readonly masterDocId: number;
  readonly title: string;
  readonly created: string;
  readonly asn: number | null;
  readonly reservedAsn: number | null;
}

/** Equal bytes given, the best of the free candidates: by ASN, then title and created, then the lowest id; null for none. */
export function chooseCopy<C extends Candidate>(
  target: MatchTarget,
  candidates: readonly C[],
  owned: ReadonlySet<number>,
  asnBase: number,
): C | null {
  const free = candidates.filter((candidate) => !owned.has(candidate.id) && !marksAnother(candidate, target, asnBase));
  const rank = (candidate: Candidate): number => {
    if (target.asn !== null && candidate.asn === target.asn) return 0;
    if (candidate.title === target.title && candidate.created === target.created) return 1;
    return 2;
  };
  return [...free].sort((a, b) => rank(a) - rank(b) || a.id - b.id)[0] ?? null;
}

function marksAnother(candidate: Candidate, target: MatchTarget, asnBase: number): boolean {
  const marked = markedMasterId(candidate.title);
  if (marked !== null && marked !== target.masterDocId) return true;
  return candidate.asn !== null && candidate.asn >= asnBase && candidate.asn !== target.reservedAsn;
}
