/**
 * Which object of the replica stands for which of the master's (E5). A remembered pair comes first, so that renames are
 * followed; then names as paperless scopes them: unique per owner, and an unowned name shuts out all others
 * (paperless-api.md 10.3). What cannot be told is ambiguous and waits for a person.
 */
import type { TaxonomyObject } from '../model.ts';
import type { StoredLink } from './vocabulary.ts';

export type Pairing =
  | { readonly how: 'stored'; readonly replicaId: number }
  | { readonly how: 'adopt'; readonly replicaId: number; readonly createdByUs: boolean }
  /** `again`: it had a counterpart, which somebody deleted. */
  | { readonly how: 'create'; readonly again: boolean }
  | { readonly how: 'ambiguous'; readonly candidates: readonly number[]; readonly why: string };

export interface PairingInput {
  readonly masters: readonly TaxonomyObject[];
  readonly replicas: readonly TaxonomyObject[];
  /** All links of the kind. */
  readonly stored: readonly StoredLink[];
  /** The owner a master's object has on the replica; undefined where that is the replica's own affair. */
  owner(object: TaxonomyObject): number | null | undefined;
  /** Owners on the replica that stand for a user of the master, but for the token's: what is theirs is not somebody else's. */
  readonly others: ReadonlySet<number>;
  /** Who owns what is created without an owner being named. */
  readonly tokenUser: number;
}

export function pairObjects(input: PairingInput): Map<number, Pairing> {
  const pairs = new Map<number, Pairing>();
  const links = new Map(input.stored.map((link) => [link.masterId, link]));
  const taken = takenIds(input);
  const there = new Set(input.replicas.map(({ id }) => id));
  for (const { id } of input.masters) {
    const link = links.get(id);
    if (link && link.state !== 'gone' && link.replicaId !== null && there.has(link.replicaId))
      pairs.set(id, { how: 'stored', replicaId: link.replicaId });
  }
  const open = input.masters.filter(({ id }) => !pairs.has(id)).toSorted((a, b) => a.id - b.id);
  for (const object of open) pairs.set(object.id, exactOrNew(input, object, links.get(object.id), taken) ?? UNDECIDED);
  refuseCollisions(input, pairs);
  for (const group of byName(open.filter(({ id }) => pairs.get(id) === UNDECIDED)))
    for (const object of group) {
      const decision = loosely(input, object, group.length, links.get(object.id), taken);
      pairs.set(object.id, decision);
      if (decision.how === 'adopt') taken.add(decision.replicaId);
    }
  return pairs;
}

const UNDECIDED: Pairing = { how: 'ambiguous', candidates: [], why: '' };

/** Counterparts of live links, also of those whose master object is not listed right now (E4). */
function takenIds({ stored }: PairingInput): Set<number> {
  const live = stored.filter(({ state }) => state !== 'gone');
  return new Set(live.flatMap(({ replicaId }) => replicaId ?? []));
}

function exactOrNew(
  input: PairingInput,
  object: TaxonomyObject,
  link: StoredLink | undefined,
  taken: Set<number>,
): Pairing | null {
  if (link?.detail.choice === 'new' && link.state !== 'gone') return create(link);
  const owner = input.owner(object);
  const exact = input.replicas.find((candidate) => free(candidate, object, taken) && candidate.owner === owner);
  if (!exact) return null;
  taken.add(exact.id);
  // The intent was written after a look that found none: what is there now by name and owner is what was then made.
  return { how: 'adopt', replicaId: exact.id, createdByUs: link?.state === 'creating' || wasOurs(input, exact.id) };
}

const free = (candidate: TaxonomyObject, object: TaxonomyObject, taken: ReadonlySet<number>) =>
  candidate.name === object.name && !taken.has(candidate.id);

/** Made by us for an object that the master has deleted since, and taken up again under the same name. */
function wasOurs({ stored }: PairingInput, replicaId: number): boolean {
  return stored.some((link) => link.state === 'gone' && link.replicaId === replicaId && link.createdByUs);
}

/** Two objects of the master, of owners the replica does not have, can become one name of one owner there. */
function refuseCollisions(input: PairingInput, pairs: Map<number, Pairing>): void {
  const rank = ({ id }: TaxonomyObject) => (pairs.get(id) === UNDECIDED ? 1 : 0);
  const first = new Map<string, TaxonomyObject>();
  for (const object of input.masters.toSorted((a, b) => rank(a) - rank(b) || a.id - b.id)) {
    const owner = input.owner(object);
    const key = JSON.stringify([object.name, owner === undefined ? input.tokenUser : owner]);
    const before = first.get(key);
    if (!before) first.set(key, object);
    else if (pairs.get(object.id)?.how !== 'stored')
      pairs.set(object.id, {
        how: 'ambiguous',
        candidates: [],
        why: `"${object.name}" would have the name and owner of the master's #${before.id} on the replica`,
      });
  }
}

function byName(objects: readonly TaxonomyObject[]): TaxonomyObject[][] {
  return [...Map.groupBy(objects, ({ name }) => name).values()];
}

/** No counterpart of the right owner. One of another owner is taken if nobody else can be meant. */
function loosely(
  input: PairingInput,
  object: TaxonomyObject,
  claimants: number,
  link: StoredLink | undefined,
  taken: ReadonlySet<number>,
): Pairing {
  const candidates = input.replicas.filter((candidate) => free(candidate, object, taken));
  const unowned = candidates.find(({ owner }) => owner === null);
  const owner = input.owner(object);
  const known = typeof owner === 'number' && owner !== input.tokenUser;
  const possible = unowned ? [unowned] : candidates.filter((one) => !known || !input.others.has(one.owner ?? 0));
  if (possible.length === 0) return create(link);
  const [only] = possible;
  if (possible.length === 1 && claimants === 1 && only)
    return { how: 'adopt', replicaId: only.id, createdByUs: wasOurs(input, only.id) };
  const why =
    claimants > 1
      ? `${claimants} objects of the master are named "${object.name}", and none of the replica's has one of their owners`
      : `"${object.name}" exists ${possible.length} times on the replica, with other owners`;
  return { how: 'ambiguous', candidates: possible.map(({ id }) => id), why };
}

const create = (link: StoredLink | undefined): Pairing => ({
  how: 'create',
  again: link !== undefined && link.replicaId !== null && link.state !== 'gone',
});
