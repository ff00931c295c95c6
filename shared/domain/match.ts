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
  // The title that the document itself has is no mark, whatever it looks like.
  const marked = candidate.title === target.title ? null : markedMasterId(candidate.title);
  if (marked !== null && marked !== target.masterDocId) return true;
  return candidate.asn !== null && candidate.asn >= asnBase && candidate.asn !== target.reservedAsn;
}

/** How a copy was recognised, surest first; `kept` links were not in question. */
export const MATCH_RULES = ['kept', 'mark', 'former', 'asn', 'title_created', 'order', 'root', 'identity'] as const;
export type MatchRule = (typeof MATCH_RULES)[number];

export interface Twin {
  readonly id: number;
  readonly asn: number | null;
  /** Equal where title and date are. */
  readonly titleKey: string;
}
export interface MasterTwin extends Twin {
  /** The document that was its copy, if that one is still the same document. */
  readonly formerId: number | null;
}
export interface Pair {
  readonly masterId: number;
  readonly copyId: number;
  readonly rule: MatchRule;
}

/**
 * Documents of equal content, k on the master and m free ones on the replica (protocol section 4): the former copy first,
 * then equal numbers, then equal title and date, then in order of their ids. Any bijection is right once the fields are
 * written; this one writes least. The longer side keeps what is left over.
 */
export function pairTwins(masters: readonly MasterTwin[], copies: readonly Twin[]): Pair[] {
  const openMasters = new Map([...masters].sort(byId).map((master) => [master.id, master]));
  const openCopies = new Map([...copies].sort(byId).map((copy) => [copy.id, copy]));
  const pairs: Pair[] = [];
  const join = (rule: MatchRule, masterKey: (twin: MasterTwin) => unknown, copyKey: (twin: Twin) => unknown): void => {
    const waiting = queues(openCopies.values(), copyKey);
    for (const master of [...openMasters.values()]) {
      const key = masterKey(master);
      const copy = key === null ? undefined : waiting.get(key)?.shift();
      if (copy === undefined) continue;
      pairs.push({ masterId: master.id, copyId: copy.id, rule });
      openMasters.delete(master.id);
      openCopies.delete(copy.id);
    }
  };
  join(
    'former',
    ({ formerId }) => formerId,
    ({ id }) => id,
  );
  join(
    'asn',
    ({ asn }) => asn,
    ({ asn }) => asn,
  );
  join(
    'title_created',
    ({ titleKey }) => titleKey,
    ({ titleKey }) => titleKey,
  );
  join(
    'order',
    () => true,
    () => true,
  );
  return pairs;
}

const byId = (a: Twin, b: Twin): number => a.id - b.id;

function queues(copies: Iterable<Twin>, keyOf: (twin: Twin) => unknown): Map<unknown, Twin[]> {
  const waiting = new Map<unknown, Twin[]>();
  for (const copy of copies) {
    const key = keyOf(copy);
    const queue = waiting.get(key);
    if (queue) queue.push(copy);
    else waiting.set(key, [copy]);
  }
  return waiting;
}

export interface Namesake extends Twin {
  readonly nameKey: string | null;
}

/** More would be no help to a person who has to look at each. */
export const MAX_PROPOSALS = 5;

/**
 * Of documents with one title and date but other bytes, which ones a person is asked about: equal file names first, then in
 * order of ids; at most five for a document of either side, so that two hundred of one title do not make forty thousand.
 */
export function proposePairs(
  masters: readonly Namesake[],
  copies: readonly Namesake[],
  refused: (masterId: number, copyId: number) => boolean,
): { masterId: number; copyId: number }[] {
  const asked = new Map<number, number>();
  const open = [...copies].sort(byId);
  const pairs: { masterId: number; copyId: number }[] = [];
  for (const master of [...masters].sort(byId)) {
    const sameName = (copy: Namesake): boolean => copy.nameKey !== null && copy.nameKey === master.nameKey;
    const ranked = [...open.filter(sameName), ...open.filter((copy) => !sameName(copy))];
    for (const copy of ranked.filter(({ id }) => !refused(master.id, id)).slice(0, MAX_PROPOSALS)) {
      pairs.push({ masterId: master.id, copyId: copy.id });
      const times = (asked.get(copy.id) ?? 0) + 1;
      asked.set(copy.id, times);
      if (times >= MAX_PROPOSALS) open.splice(open.indexOf(copy), 1);
    }
  }
  return pairs;
}
