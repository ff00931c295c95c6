/**
 * Tags, correspondents, document types and storage paths. None has a time of change: whoever follows them has to compare
 * whole lists (paperless-api.md 10).
 */

import type { Context } from '../context.ts';
import { badRequest, forbidden, json, noContent, notFound, type Reply } from '../http/reply.ts';
import { idField, nullable, readInput, type Input } from '../rest/input.ts';
import { idFilter, idsFilter, orderRows, textFilter } from '../rest/lists.ts';
import { asciiLower, compareText } from '../rest/lookups.ts';
import { paginate } from '../rest/pagination.ts';
import { applyPermissions, permissionsField } from '../rest/permission-input.ts';
import { type MatchingObject, noPermissions } from '../state/model.ts';
import { canChange, canSee, owns } from '../users/permissions.ts';
import { documentCount } from './counts.ts';
import type { ObjectKind } from './kinds.ts';

type Row = MatchingObject;

const byName = (a: Row, b: Row): number => compareText(asciiLower(a.name), asciiLower(b.name)) || a.id - b.id;

export function listObjects(context: Context, kind: ObjectKind): Reply {
  context.require(`view_${kind.model}`);
  const visible = context.store.matching[kind.kind].filter((row) => canSee(context.user, row));
  const found = visible.filter(filterOf(context, kind)).sort(byName);
  const rows = orderRows(found, context.query, orderings(context, kind));
  const { rows: page, envelope } = paginate(rows, context.page);
  const all = (): number[] => kind.allIds(context, rows);
  const results = page.map((row) => objectJson(context, kind, row, { inList: true }));
  return json({ ...envelope(results, all), ...kind.listExtras(context, rows) });
}

function filterOf({ query }: Context, kind: ObjectKind): (row: Row) => boolean {
  const ids = idsFilter(query, 'id__in');
  const id = idFilter(query, 'id');
  const name = textFilter(query, 'name');
  const path = kind.kind === 'storage_path' ? textFilter(query, 'path') : null;
  const root = kind.kind === 'tag' ? query.given('is_root') : null;
  return (row) =>
    (ids === null || ids.has(row.id)) &&
    (id === null || row.id === id) &&
    (name === null || name(row.name)) &&
    (path === null || path(row.path)) &&
    (root === null || (row.parent === null) === (root === 'true'));
}

function orderings(context: Context, kind: ObjectKind): Record<string, (a: Row, b: Row) => number> {
  const count = (row: Row): number => documentCount(context, `${kind.kind}:${row.id}`);
  return {
    name: (a, b) => compareText(a.name, b.name),
    match: (a, b) => compareText(a.match, b.match),
    matching_algorithm: (a, b) => a.matchingAlgorithm - b.matchingAlgorithm,
    document_count: (a, b) => count(a) - count(b),
    ...(kind.kind === 'tag' ? { color: (a: Row, b: Row) => compareText(a.color, b.color) } : {}),
    ...(kind.kind === 'storage_path' ? { path: (a: Row, b: Row) => compareText(a.path, b.path) } : {}),
  };
}

export interface ObjectView {
  readonly inList?: boolean;
  readonly created?: boolean;
  readonly retrieved?: boolean;
}

export function objectJson(context: Context, kind: ObjectKind, row: Row, view: ObjectView): Record<string, unknown> {
  const rights = context.query.isTrue('full_perms')
    ? { permissions: row.permissions }
    : { user_can_change: canChange(context.user, row) };
  return {
    id: row.id,
    slug: slug(row.name),
    name: row.name,
    ...kind.ownFields(row),
    match: row.match,
    matching_algorithm: row.matchingAlgorithm,
    is_insensitive: row.isInsensitive,
    ...kind.inboxFlag(row),
    ...(view.created ? {} : { document_count: documentCount(context, `${kind.kind}:${row.id}`) }),
    ...kind.extraFields(context, row, view),
    owner: row.owner,
    ...rights,
    ...kind.treeFields(context, row, view),
  };
}

const slug = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/[^\w\s-]/g, '')
    .trim()
    .toLowerCase()
    .replace(/[-\s]+/g, '-');

export function readObject(context: Context, kind: ObjectKind): Reply {
  context.require(`view_${kind.model}`);
  return json(objectJson(context, kind, find(context, kind), { retrieved: true }));
}

function find(context: Context, kind: ObjectKind): Row {
  const row = context.store.matching[kind.kind].get(context.id());
  if (!row || !canSee(context.user, row)) throw notFound(kind.className);
  return row;
}

function shape(context: Context, kind: ObjectKind, row: Row | null) {
  const { store } = context;
  return {
    ...kind.fields(context, row),
    owner: nullable(idField((id) => store.users.has(id))),
    set_permissions: permissionsField(store),
  };
}

type ObjectInput = Input<ReturnType<typeof shape>>;

export async function createObject(context: Context, kind: ObjectKind): Promise<Reply> {
  context.require(`add_${kind.model}`);
  const given = await context.input();
  const values = readInput(given, shape(context, kind, null), kind.required);
  const { store, user } = context;
  const row: Row = {
    id: 0,
    name: '',
    match: '',
    matchingAlgorithm: 1,
    isInsensitive: true,
    // Who creates it owns it, unless an owner, or none, is named (paperless-api.md 10.1).
    owner: 'owner' in given ? (values.owner ?? null) : user.id,
    permissions: noPermissions(),
    color: '#a6cee3',
    isInboxTag: false,
    parent: null,
    path: '',
  };
  checkName(context, kind, { ...row, name: values.name ?? '' }, 'owner' in given);
  apply(row, values);
  row.id = store.matching[kind.kind].takeId();
  store.matching[kind.kind].save(row);
  return json(objectJson(context, kind, row, { created: true }), 201);
}

function apply(row: Row, values: ObjectInput): void {
  row.name = values.name ?? row.name;
  row.match = values.match ?? row.match;
  row.matchingAlgorithm = values.matching_algorithm ?? row.matchingAlgorithm;
  row.isInsensitive = values.is_insensitive ?? row.isInsensitive;
  row.color = values.color ?? row.color;
  row.isInboxTag = values.is_inbox_tag ?? row.isInboxTag;
  if (values.parent !== undefined) row.parent = values.parent;
  row.path = values.path ?? row.path;
  if (values.owner !== undefined) row.owner = values.owner;
  if (values.set_permissions) applyPermissions(row.permissions, values.set_permissions);
}

/** Name and owner together are unique, and an unowned name bars everybody from it (paperless-api.md 10.3). */
function checkName({ store }: Context, kind: ObjectKind, row: Row, ownerWasSent: boolean): void {
  const same = store.matching[kind.kind].filter((other) => other.id !== row.id && other.name === row.name);
  if (same.some((other) => other.owner === null))
    throw badRequest({ name: [`${kind.words} with this name already exists.`] });
  if (row.owner === null || !same.some((other) => other.owner === row.owner)) return;
  throw badRequest(
    ownerWasSent
      ? { non_field_errors: ['The fields name, owner must make a unique set.'] }
      : { error: 'Object violates owner / name unique constraint' },
  );
}

export async function updateObject(context: Context, kind: ObjectKind): Promise<Reply> {
  context.require(`change_${kind.model}`);
  const row = find(context, kind);
  if (!canChange(context.user, row)) throw forbidden();
  const given = await context.input();
  const isPut = context.method === 'PUT';
  const values = readInput(given, shape(context, kind, row), isPut ? kind.required : []);
  // A PUT without an owner takes it away (paperless-api.md 10.1).
  if (isPut && values.owner === undefined) values.owner = null;
  checkOwnership(context, row, values, given);
  const next = { ...row, name: values.name ?? row.name, owner: values.owner === undefined ? row.owner : values.owner };
  if (next.name !== row.name || next.owner !== row.owner) checkName(context, kind, next, true);
  const parentBefore = row.parent;
  apply(row, values);
  context.store.matching[kind.kind].save(row);
  kind.afterUpdate(context, row, parentBefore);
  return json(objectJson(context, kind, row, {}));
}

function checkOwnership({ user }: Context, row: Row, values: ObjectInput, given: object): void {
  if (owns(user, row)) return;
  if ((values.owner !== undefined && values.owner !== row.owner) || 'set_permissions' in given) throw forbidden();
}

export function deleteObject(context: Context, kind: ObjectKind): Reply {
  context.require(`delete_${kind.model}`);
  const row = find(context, kind);
  if (!owns(context.user, row)) throw forbidden();
  kind.remove(context, row);
  return noContent();
}
