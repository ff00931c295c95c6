/**
 * Rights of others to one object, as they are written.
 */

import type { PermissionLists } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import { type Field, invalid } from './input.ts';
import { pythonType } from './python.ts';

type Ids = number[] | undefined;

/** `set_permissions`: a list that is present is made exact, what is absent stays (paperless-api.md 7). */
export interface PermissionInput {
  readonly view: { users: Ids; groups: Ids };
  readonly change: { users: Ids; groups: Ids };
}

export const permissionsField =
  (store: Store): Field<PermissionInput> =>
  (input) => {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      throw invalid(`Expected a dictionary of items but got type "${pythonType(input)}".`);
    }
    const lists = (action: 'view' | 'change'): { users: Ids; groups: Ids } => {
      const given = ((input as Record<string, unknown>)[action] ?? {}) as Record<string, unknown>;
      return {
        users: idsOf(given.users, 'users', (id) => store.users.has(id)),
        groups: idsOf(given.groups, 'groups', (id) => store.groups.has(id)),
      };
    };
    return { view: lists('view'), change: lists('change') };
  };

function idsOf(given: unknown, what: string, exists: (id: number) => boolean): Ids {
  if (given === undefined) return undefined;
  if (given === null) return [];
  const ids = Array.isArray(given) ? given.map(Number) : [Number.NaN];
  if (!ids.every(exists) || new Set(ids).size !== ids.length) {
    throw invalid(`Some ${what} in don't exist or were specified twice.`);
  }
  return ids;
}

const union = (a: number[], b: number[]): number[] => [...new Set([...a, ...b])].sort((x, y) => x - y);

/** Change brings view, but only when change itself is part of the request; with `merge` nothing is taken away. */
export function applyPermissions(lists: PermissionLists, input: PermissionInput, merge = false): void {
  for (const action of ['view', 'change'] as const) {
    for (const kind of ['users', 'groups'] as const) {
      const ids = input[action][kind];
      if (ids === undefined) continue;
      lists[action][kind] = merge ? union(lists[action][kind], ids) : union(ids, []);
      if (action === 'change') lists.view[kind] = union(lists.view[kind], ids);
    }
  }
}
