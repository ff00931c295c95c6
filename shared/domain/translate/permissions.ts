import type { PaperlessDocument, Permissions } from '../model.ts';
import { notReplicable, type FieldReport } from '../report.ts';
import type { TranslationTables, UnknownOwnerPolicy } from './tables.ts';

export type PrincipalTables = Pick<TranslationTables, 'users' | 'groups' | 'userNames' | 'groupNames'>;

export interface TranslatedOwner {
  readonly owner: number | null;
  /** The replica's own value stays: it is neither compared nor written. */
  readonly leave: boolean;
  readonly reports: FieldReport[];
}

const UNKNOWN_OWNER: Readonly<Record<UnknownOwnerPolicy, string>> = {
  token_user: "owned by the token's user",
  unowned: 'left without an owner, which everybody may see',
  skip: 'the owner on the replica is left as it is',
};

/** Owner by user name; a name the replica does not have falls to the policy of the replica (E11). */
export function translateOwner(
  owner: number | null,
  tables: Pick<TranslationTables, 'users' | 'userNames' | 'tokenUser' | 'unknownOwner'>,
): TranslatedOwner {
  if (owner === null) return { owner: null, leave: false, reports: [] };
  const mapped = tables.users.get(owner);
  if (mapped !== undefined) return { owner: mapped, leave: false, reports: [] };
  const name = tables.userNames.get(owner) ?? `#${owner}`;
  const policy = tables.unknownOwner;
  return {
    owner: policy === 'unowned' ? null : tables.tokenUser,
    leave: policy === 'skip',
    reports: [notReplicable('owner', `user "${name}" does not exist on the replica; ${UNKNOWN_OWNER[policy]}`)],
  };
}

/**
 * Permissions by user and group name; unknown names are left out and said. Whoever may change may view: paperless grants
 * it when both are sent, so the view lists are compared and sent in that form. Names that the replica does not have are left
 * out whatever the policy: leaving the whole field alone would keep rights that the master has taken away.
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
