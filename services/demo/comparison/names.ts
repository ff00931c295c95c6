import type { PermissionsWire } from '../wire.ts';
import type { ObjectKind, Snapshot } from './read.ts';

/**
 * Both sides in one language: names. Ids differ everywhere, so everything is turned into what it is called, the master's
 * things into what they must be called on the replica.
 */
export interface Sides {
  readonly master: Snapshot;
  readonly replica: Snapshot;
}

/** Policy `token user` (E11): a user whom the replica does not know leaves what he owns to the token's user. */
export function expectedOwner({ master, replica }: Sides, owner: number | null): string | null {
  if (owner === null) return null;
  const name = master.users.get(owner);
  return name !== undefined && [...replica.users.values()].includes(name) ? name : replica.tokenUser;
}

export function ownerName({ users }: Snapshot, owner: number | null): string | null {
  return owner === null ? null : (users.get(owner) ?? `#${owner}`);
}

/** How one side calls an owner: the master's are told as the replica must have them. */
export type OwnerNamer = (owner: number | null) => string | null;

export function objectName(side: Snapshot, kind: ObjectKind, id: number | null, owner: OwnerNamer): string | null {
  if (id === null) return null;
  const object = side.objects[kind].get(id);
  return object ? nameWithOwner(object.name, owner(object.owner)) : `#${id}`;
}

/** paperless allows a name once an owner (paperless-api.md 10.3), so the owner belongs to it. */
export function nameWithOwner(name: string, owner: string | null): string {
  return owner === null ? name : `${name} (of ${owner})`;
}

/** Tags are a closed set: each brings its parents (H28). */
export function closedTags(side: Snapshot, tags: readonly number[]): Set<number> {
  const closed = new Set<number>();
  for (const tag of tags) {
    let id: number | null = tag;
    while (id !== null && !closed.has(id)) {
      closed.add(id);
      id = side.objects.tags.get(id)?.parent ?? null;
    }
  }
  return closed;
}

/** As sorted words; who may change may view, since paperless grants it so. Unknown names are left out where `known` says so. */
export function permissionWords(side: Snapshot, permissions: PermissionsWire | undefined, known?: Snapshot): string[] {
  const view = permissions?.view ?? { users: [], groups: [] };
  const change = permissions?.change ?? { users: [], groups: [] };
  const users = (ids: readonly number[]) => names(side.users, ids, known?.users);
  const groups = (ids: readonly number[]) => names(side.groups, ids, known?.groups);
  const words = [
    ...users([...view.users, ...change.users]).map((name) => `view:user:${name}`),
    ...groups([...view.groups, ...change.groups]).map((name) => `view:group:${name}`),
    ...users(change.users).map((name) => `change:user:${name}`),
    ...groups(change.groups).map((name) => `change:group:${name}`),
  ];
  return [...new Set(words)].sort();
}

function names(
  ids: ReadonlyMap<number, string>,
  wanted: readonly number[],
  known?: ReadonlyMap<number, string>,
): string[] {
  const all = wanted.map((id) => ids.get(id) ?? `#${id}`);
  if (!known) return all;
  const there = new Set(known.values());
  return all.filter((name) => there.has(name));
}
