import type { PaperlessDocument, Permissions } from '../model.ts';
import { notReplicable, type FieldReport } from '../report.ts';
import type { TranslationTables } from './tables.ts';

export type PrincipalTables = Pick<TranslationTables, 'users' | 'groups' | 'userNames' | 'groupNames'>;

/** Owner by user name; a name the replica does not know falls to the token user (E11, policy `token user`). */
export function translateOwner(
  owner: number | null,
  tables: TranslationTables,
): { owner: number | null; reports: FieldReport[] } {
  if (owner === null) return { owner: null, reports: [] };
  const mapped = tables.users.get(owner);
  if (mapped !== undefined) return { owner: mapped, reports: [] };
  const name = tables.userNames.get(owner) ?? `#${owner}`;
  return {
    owner: tables.tokenUser,
    reports: [notReplicable('owner', `user "${name}" does not exist on the replica; owned by the token's user`)],
  };
}

/**
 * Permissions by user and group name; unknown names are left out and said. Whoever may change may view: paperless grants
 * it when both are sent, so the view lists are compared and sent in that form.
 */
export function translatePermissions(document: Pick<PaperlessDocument, 'permissions'>, tables: PrincipalTables) {
  const reports: FieldReport[] = [];
  const source = document.permissions;
  const map = (
    ids: readonly number[],
    table: ReadonlyMap<number, number>,
    names: ReadonlyMap<number, string>,
    what: string,
  ) =>
    ids.flatMap((id) => {
      const mapped = table.get(id);
      if (mapped === undefined)
        reports.push(
          notReplicable('permissions', `${what} "${names.get(id) ?? `#${id}`}" does not exist on the replica`),
        );
      return mapped === undefined ? [] : [mapped];
    });
  const users = (ids: readonly number[]) => map(ids, tables.users, tables.userNames, 'user');
  const groups = (ids: readonly number[]) => map(ids, tables.groups, tables.groupNames, 'group');
  const permissions = normalisePermissions({
    view: { users: users(source?.view.users ?? []), groups: groups(source?.view.groups ?? []) },
    change: { users: users(source?.change.users ?? []), groups: groups(source?.change.groups ?? []) },
  });
  return { permissions, reports };
}

export function normalisePermissions(permissions: Permissions | null): Permissions {
  const sorted = (ids: readonly number[]) => [...new Set(ids)].sort((a, b) => a - b);
  const view = permissions?.view ?? { users: [], groups: [] };
  const change = permissions?.change ?? { users: [], groups: [] };
  return {
    view: { users: sorted([...view.users, ...change.users]), groups: sorted([...view.groups, ...change.groups]) },
    change: { users: sorted(change.users), groups: sorted(change.groups) },
  };
}
