/**
 * Permissions by model and by object. A superuser has all of them without being given any, so a token that loses this status
 * sees a part of the library and nothing tells it so (paperless-api.md 1.5).
 */

import type { PermissionLists, User } from '../state/model.ts';
import type { Store } from '../state/store.ts';

const MODELS: Record<string, readonly string[]> = {
  account: ['emailaddress', 'emailconfirmation'],
  admin: ['logentry'],
  auditlog: ['logentry'],
  auth: ['group', 'permission', 'user'],
  authtoken: ['token', 'tokenproxy'],
  contenttypes: ['contenttype'],
  django_celery_results: ['chordcounter', 'groupresult', 'taskresult'],
  documents: [
    'correspondent',
    'customfield',
    'customfieldinstance',
    'document',
    'documenttype',
    'note',
    'paperlesstask',
    'savedview',
    'savedviewfilterrule',
    'sharelink',
    'sharelinkbundle',
    'storagepath',
    'tag',
    'uisettings',
    'workflow',
    'workflowaction',
    'workflowactionemail',
    'workflowactionwebhook',
    'workflowrun',
    'workflowtrigger',
  ],
  guardian: ['groupobjectpermission', 'userobjectpermission'],
  mfa: ['authenticator'],
  paperless: ['applicationconfiguration'],
  paperless_mail: ['mailaccount', 'mailrule', 'processedmail'],
  sessions: ['session'],
  socialaccount: ['socialaccount', 'socialapp', 'socialtoken'],
};

/** Every permission as `app.codename`, in the order in which Django lists them: app, model, codename. */
export const ALL_PERMISSIONS: readonly string[] = Object.entries(MODELS).flatMap(([app, models]) =>
  models.flatMap((model) => ['add', 'change', 'delete', 'view'].map((action) => `${app}.${action}_${model}`)),
);

const POSITION = new Map(ALL_PERMISSIONS.map((name, at) => [codename(name), at]));

export function codename(permission: string): string {
  return permission.slice(permission.indexOf('.') + 1);
}

export const isPermission = (name: string): boolean => POSITION.has(name);

export const inPermissionOrder = (codenames: Iterable<string>): string[] =>
  [...new Set(codenames)].sort((a, b) => (POSITION.get(a) ?? 0) - (POSITION.get(b) ?? 0));

/** `app.codename` of what the user's groups give. */
export function inheritedPermissions(store: Store, user: User): string[] {
  const given = new Set(user.groups.flatMap((id) => store.groups.get(id)?.permissions ?? []));
  return ALL_PERMISSIONS.filter((name) => given.has(codename(name)));
}

export function permissionsOf(store: Store, user: User): string[] {
  if (user.isSuperuser) return ALL_PERMISSIONS.map(codename);
  const inherited = inheritedPermissions(store, user).map(codename);
  return inPermissionOrder([...user.permissions, ...inherited]);
}

export function hasPermission(store: Store, user: User, permission: string): boolean {
  if (!user.isActive) return false;
  if (user.isSuperuser || user.permissions.includes(permission)) return true;
  return user.groups.some((id) => store.groups.get(id)?.permissions.includes(permission));
}

interface Owned {
  readonly owner: number | null;
  readonly permissions: PermissionLists;
}

const granted = (user: User, list: { users: number[]; groups: number[] }): boolean =>
  list.users.includes(user.id) || user.groups.some((group) => list.groups.includes(group));

export const owns = (user: User, object: Owned): boolean =>
  user.isSuperuser || object.owner === null || object.owner === user.id;

export const canSee = (user: User, object: Owned): boolean =>
  owns(user, object) || granted(user, object.permissions.view) || granted(user, object.permissions.change);

export const canChange = (user: User, object: Owned): boolean =>
  owns(user, object) || granted(user, object.permissions.change);

/** `is_shared_by_requester`: the caller owns it and somebody else was given a right to it. */
export function isSharedBy(user: User, object: Owned): boolean {
  if (object.owner !== user.id) return false;
  const { view, change } = object.permissions;
  return [view, change].some((list) => list.users.length > 0 || list.groups.length > 0);
}
