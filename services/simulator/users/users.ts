/**
 * Users. Deleting one changes documents that it owned or noted on without moving them.
 */

import type { Context } from '../context.ts';
import { forbiddenText, json, noContent, notFound, type Reply } from '../http/reply.ts';
import { booleanField, type Field, idListField, invalid, readInput, textField, type Input } from '../rest/input.ts';
import { idFilter, orderRows, textFilter } from '../rest/lists.ts';
import { asciiLower, compareText } from '../rest/lookups.ts';
import { paginate } from '../rest/pagination.ts';
import { isoTime } from '../state/clock.ts';
import type { User } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import { hashPassword } from './authenticate.ts';
import { ALL_PERMISSIONS, codename, inheritedPermissions, inPermissionOrder, isPermission } from './permissions.ts';

export const HIDDEN_PASSWORD = '**********';

function userJson(store: Store, user: User): Record<string, unknown> {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    password: HIDDEN_PASSWORD,
    first_name: user.firstName,
    last_name: user.lastName,
    date_joined: isoTime(user.dateJoined),
    is_staff: user.isStaff,
    is_active: user.isActive,
    is_superuser: user.isSuperuser,
    groups: user.groups,
    user_permissions: user.permissions,
    inherited_permissions: user.isSuperuser ? [...ALL_PERMISSIONS] : inheritedPermissions(store, user),
    is_mfa_enabled: false,
  };
}

const byName = (a: User, b: User): number => compareText(asciiLower(a.username), asciiLower(b.username));

export function listUsers(context: Context): Reply {
  context.require('view_user');
  const { store, query } = context;
  const [name, id] = [textFilter(query, 'username'), idFilter(query, 'id')];
  const found = store.users.filter((user) => (!name || name(user.username)) && (id === null || user.id === id));
  found.sort((a, b) => byName(a, b) || a.id - b.id);
  const rows = orderRows(found, query, { username: (a, b) => byName(a, b) || a.id - b.id });
  const { rows: page, envelope } = paginate(rows, context.page);
  // Equal names but for case: the ids come by way of the index on the name, the rows as they lie (paperless-api.md 11).
  const all = (): number[] =>
    [...rows].sort((a, b) => byName(a, b) || compareText(a.username, b.username)).map((user) => user.id);
  return json(
    envelope(
      page.map((user) => userJson(store, user)),
      all,
    ),
  );
}

function find(context: Context): User {
  const user = context.store.users.get(context.id());
  if (!user) throw notFound('User');
  return user;
}

export function readUser(context: Context): Reply {
  context.require('view_user');
  return json(userJson(context.store, find(context)));
}

const usernameField =
  (store: Store, user: User | null): Field<string> =>
  (input) => {
    const name = textField({ max: 150, blank: false })(input);
    if (!/^[\p{L}\p{N}_@.+-]+$/u.test(name)) {
      throw invalid('Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.');
    }
    const isTaken = store.users.filter((other) => other !== user && other.username === name).length > 0;
    if (isTaken) throw invalid('A user with that username already exists.');
    return name;
  };

export const permissionListField: Field<string[]> = (input) => {
  if (!Array.isArray(input)) throw invalid('Expected a list of items but got type "str".');
  for (const name of input) {
    if (!isPermission(String(name))) throw invalid(`Object with codename=${String(name)} does not exist.`);
  }
  return inPermissionOrder(input.map((name) => codename(String(name))));
};

const shape = (store: Store, user: User | null) => ({
  username: usernameField(store, user),
  email: textField({ max: 254 }),
  password: textField({ max: 128 }),
  first_name: textField({ max: 150 }),
  last_name: textField({ max: 150 }),
  is_staff: booleanField,
  is_active: booleanField,
  is_superuser: booleanField,
  groups: idListField((id) => store.groups.has(id)),
  user_permissions: permissionListField,
});

type UserInput = Input<ReturnType<typeof shape>>;

/** Only a superuser makes superusers and staff (paperless-api.md 11). */
function checkPromotion({ user }: Context, values: UserInput, before: User | null): void {
  if (user.isSuperuser) return;
  const promotes =
    (values.is_superuser ?? false) !== (before?.isSuperuser ?? false) && values.is_superuser !== undefined;
  const staffs = (values.is_staff ?? false) !== (before?.isStaff ?? false) && values.is_staff !== undefined;
  if (promotes) throw forbiddenText('Superuser status can only be granted by a superuser');
  if (staffs) throw forbiddenText('Staff status can only be granted by a superuser');
}

export async function createUser(context: Context): Promise<Reply> {
  context.require('add_user');
  const { store } = context;
  const values = readInput(await context.input(), shape(store, null), ['username']);
  checkPromotion(context, values, null);
  const user: User = {
    id: store.users.takeId(),
    username: '',
    email: '',
    passwordHash: null,
    firstName: '',
    lastName: '',
    dateJoined: store.clock.now(),
    isStaff: false,
    isActive: true,
    isSuperuser: false,
    groups: [],
    permissions: [],
    token: null,
    settings: {},
  };
  apply(user, values);
  store.users.save(user);
  return json(userJson(store, user), 201);
}

function apply(user: User, values: UserInput): void {
  user.username = values.username ?? user.username;
  user.email = values.email ?? user.email;
  user.firstName = values.first_name ?? user.firstName;
  user.lastName = values.last_name ?? user.lastName;
  user.isStaff = values.is_staff ?? user.isStaff;
  user.isActive = values.is_active ?? user.isActive;
  user.isSuperuser = values.is_superuser ?? user.isSuperuser;
  user.groups = values.groups ?? user.groups;
  user.permissions = values.user_permissions ?? user.permissions;
  // The stars that are shown in place of a password do not change it.
  if (values.password !== undefined && values.password.replaceAll('*', '') !== '')
    user.passwordHash = hashPassword(values.password);
}

export async function updateUser(context: Context): Promise<Reply> {
  context.require('change_user');
  const { store } = context;
  const user = find(context);
  const values = readInput(await context.input(), shape(store, user), context.method === 'PUT' ? ['username'] : []);
  checkPromotion(context, values, user);
  apply(user, values);
  store.users.save(user);
  return json(userJson(store, user));
}

/** What it owned is unowned, its notes stay without it, and nothing of that moves `modified` (paperless-api.md 2.6). */
export function deleteUser(context: Context): Reply {
  context.require('delete_user');
  const { store } = context;
  const user = find(context);
  store.users.remove(user.id);
  for (const table of Object.values(store.matching)) {
    for (const row of table.filter((candidate) => names(candidate, user.id))) {
      forget(row, user.id);
      table.save(row);
    }
  }
  for (const row of store.documents.filter(
    (candidate) => names(candidate, user.id) || candidate.notes.some((note) => note.user === user.id),
  )) {
    forget(row, user.id);
    for (const note of row.notes) if (note.user === user.id) note.user = null;
    store.saveDocument(row);
  }
  for (const task of store.tasks.filter((candidate) => candidate.owner === user.id))
    store.tasks.save({ ...task, owner: null });
  return noContent();
}

type Owned = Pick<User, 'id'> & {
  owner: number | null;
  permissions: { view: { users: number[] }; change: { users: number[] } };
};

const names = (row: Owned, user: number): boolean =>
  row.owner === user || row.permissions.view.users.includes(user) || row.permissions.change.users.includes(user);

function forget(row: Owned, user: number): void {
  if (row.owner === user) row.owner = null;
  for (const list of [row.permissions.view, row.permissions.change])
    list.users = list.users.filter((id) => id !== user);
}
