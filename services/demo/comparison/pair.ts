import type { DocumentWire } from '../wire.ts';
import { trimAsPython } from './text.ts';

export interface Hashed {
  readonly document: DocumentWire;
  readonly hash: string;
  /** What each version's file was found to be, oldest first; left out where there is but one. */
  readonly versions?: readonly string[];
}
export interface Pair {
  readonly master: Hashed;
  readonly replica: Hashed;
}
export interface Pairing {
  readonly pairs: readonly Pair[];
  readonly masterOnly: readonly Hashed[];
  readonly replicaOnly: readonly Hashed[];
}

/** Null: has nothing to be found by. */
type Key = (hashed: Hashed) => string | null;

const byAsn: Key = ({ document }) =>
  document.archive_serial_number === null ? null : String(document.archive_serial_number);
const byName: Key = ({ document }) =>
  JSON.stringify([
    trimAsPython(document.title),
    document.created,
    document.original_file_name?.normalize('NFC') ?? null,
  ]);
const byTitleAndDate: Key = ({ document }) => JSON.stringify([trimAsPython(document.title), document.created]);
const byTitle: Key = ({ document }) => trimAsPython(document.title);

/**
 * Bytes first: they are what a document is. Among equal bytes the likest first. Only what is left over is paired by its
 * words alone, so that a spoilt file is found as such and not as one document missing and another one too many.
 */
export function pairDocuments(master: readonly Hashed[], replica: readonly Hashed[]): Pairing {
  const pairs: Pair[] = [];
  let left: Sides = { master, replica };
  const pairBy = (key: Key) => (left = pairUnique(left, key, pairs));
  for (const likeness of [byAsn, byName, byTitleAndDate, byTitle]) pairBy(withHash(likeness));
  // Twins that even their titles do not tell apart.
  left = pairInOrder(left, pairs);
  for (const likeness of [byAsn, byName, byTitleAndDate]) pairBy(likeness);
  return { pairs, masterOnly: left.master, replicaOnly: left.replica };
}

interface Sides {
  readonly master: readonly Hashed[];
  readonly replica: readonly Hashed[];
}

function withHash(key: Key): Key {
  return (hashed) => {
    const value = key(hashed);
    return value === null ? null : `${hashed.hash} ${value}`;
  };
}

/** Pairs where the key occurs once on either side; what is ambiguous waits for the next key. */
function pairUnique({ master, replica }: Sides, key: Key, pairs: Pair[]): Sides {
  const masters = groupBy(master, key);
  const replicas = groupBy(replica, key);
  const taken = new Set<Hashed>();
  for (const [value, [one, another]] of masters) {
    const [copy, second] = replicas.get(value) ?? [];
    if (!one || another || !copy || second) continue;
    pairs.push({ master: one, replica: copy });
    taken.add(one).add(copy);
  }
  return without({ master, replica }, taken);
}

/** Twins with nothing to tell them apart: any order is right, since they would have to be equal in all fields. */
function pairInOrder({ master, replica }: Sides, pairs: Pair[]): Sides {
  const byHash: Key = ({ hash }) => hash;
  const replicas = groupBy(replica, byHash);
  const taken = new Set<Hashed>();
  for (const [hash, ones] of groupBy(master, byHash)) {
    for (const [index, one] of ones.entries()) {
      const copy = replicas.get(hash)?.[index];
      if (!copy) continue;
      pairs.push({ master: one, replica: copy });
      taken.add(one).add(copy);
    }
  }
  return without({ master, replica }, taken);
}

function without({ master, replica }: Sides, taken: ReadonlySet<Hashed>): Sides {
  const free = (hashed: Hashed) => !taken.has(hashed);
  return { master: master.filter(free), replica: replica.filter(free) };
}

function groupBy(items: readonly Hashed[], key: Key): Map<string, Hashed[]> {
  const groups = new Map<string, Hashed[]>();
  for (const item of items) {
    const value = key(item);
    if (value === null) continue;
    const group = groups.get(value);
    if (group) group.push(item);
    else groups.set(value, [item]);
  }
  return groups;
}
