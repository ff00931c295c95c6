/**
 * Bulk edits of metadata. They write the rows past Django's signals, so `modified` moves only when a background task has
 * re-sent them (paperless-api.md 2.6): a reader may see the change before the bump.
 */

import type { Context } from '../context.ts';
import { badRequest, HttpError, serverError, text } from '../http/reply.ts';
import { descendants, withAncestors } from '../objects/tag-tree.ts';
import { Invalid } from '../rest/input.ts';
import { applyPermissions, permissionsField } from '../rest/permission-input.ts';
import { type CustomField, type DocumentRow, noPermissions } from '../state/model.ts';
import { bumpLater } from '../tasks/background.ts';
import type { Parameters } from './bulk-edit.ts';
import { checkValue } from './custom-values.ts';
import { putValue, reflectLinks, removeValue } from './links.ts';

const refuse = (message: string): HttpError => badRequest({ non_field_errors: [message] });

function required(parameters: Parameters, name: string): unknown {
  if (!(name in parameters)) throw refuse(`${name} not specified`);
  return parameters[name];
}

/** A parameter that is no number is not caught by the real view. */
function idOf(value: unknown): number {
  const id = Number(value);
  if (!Number.isInteger(id)) throw serverError();
  return id;
}

const REFERENCES = {
  correspondent: { key: 'correspondent', label: 'Correspondent' },
  document_type: { key: 'documentType', label: 'Document type' },
  storage_path: { key: 'storagePath', label: 'Storage path' },
} as const;

type Rows = readonly DocumentRow[];

/** Documents that have the value already are left out and do not move (paperless-api.md 2.6). */
export function setReference(
  context: Context,
  rows: Rows,
  kind: keyof typeof REFERENCES,
  parameters: Parameters,
): void {
  const { key, label } = REFERENCES[kind];
  const given = required(parameters, kind);
  const id = given === null ? null : idOf(given);
  if (id !== null && !context.store.matching[kind].has(id)) throw refuse(`${label} does not exist`);
  changeRows(
    context,
    rows.filter((row) => row[key] !== id),
    (row) => {
      row[key] = id;
    },
  );
}

function changeRows(context: Context, rows: Rows, change: (row: DocumentRow) => void): void {
  for (const row of rows) {
    change(row);
    context.store.saveDocument(row);
  }
  bumpLater(context.instance, rows);
}

function tagOf({ store }: Context, parameters: Parameters): number {
  const id = idOf(required(parameters, 'tag'));
  if (!store.matching.tag.has(id)) throw refuse('Tag does not exist');
  return id;
}

export function addTag(context: Context, rows: Rows, parameters: Parameters): void {
  const tag = tagOf(context, parameters);
  changeRows(
    context,
    rows.filter((row) => !row.tags.includes(tag)),
    (row) => {
      row.tags = withAncestors(context.store, [...row.tags, tag]);
    },
  );
}

export function removeTag(context: Context, rows: Rows, parameters: Parameters): void {
  const tag = tagOf(context, parameters);
  const gone = new Set([tag, ...descendants(context.store, tag)]);
  changeRows(
    context,
    rows.filter((row) => row.tags.some((id) => gone.has(id))),
    (row) => {
      row.tags = row.tags.filter((id) => !gone.has(id));
    },
  );
}

/** First removed with what lies below, then added with what lies above: an added child brings its parent back. */
export function modifyTags(context: Context, rows: Rows, parameters: Parameters): void {
  const { store } = context;
  const [add, remove] = ['add_tags', 'remove_tags'].map((name) => {
    const ids = required(parameters, name);
    if (!Array.isArray(ids)) throw refuse(`${name} must be a list`);
    const known = ids.map(Number).filter((id) => store.matching.tag.has(id));
    if (new Set(known).size !== ids.length) throw refuse(`Some tags in ${name} don't exist or were specified twice.`);
    return known;
  }) as [number[], number[]];
  const gone = new Set(remove.flatMap((id) => [id, ...descendants(store, id)]));
  changeRows(context, rows, (row) => {
    row.tags = withAncestors(store, [...row.tags.filter((id) => !gone.has(id)), ...add]);
  });
}

export function modifyCustomFields(context: Context, rows: Rows, parameters: Parameters): void {
  const { store } = context;
  const add = fieldsToAdd(context, required(parameters, 'add_custom_fields'));
  const remove = fieldIds(context, required(parameters, 'remove_custom_fields'), 'remove_custom_fields');
  const values = add.map(({ field, value }) => ({ field, value: checked(context, field, value) }));
  for (const row of rows) {
    for (const { field, value } of values) addValue(context, row, field, value);
    for (const field of remove) removeValue(store, row, field);
    store.saveDocument(row);
  }
  bumpLater(context.instance, rows);
}

function addValue({ store }: Context, row: DocumentRow, field: CustomField, value: unknown): void {
  const links = field.dataType === 'documentlink' ? ((value as number[] | null) ?? []) : null;
  // A document that is to link to itself is passed over altogether.
  if (links?.includes(row.id)) return;
  if (links) reflectLinks(store, row, field.id, links);
  putValue(store, row, field.id, { [field.dataType]: value });
}

interface Added {
  readonly field: CustomField;
  readonly value: unknown;
}

/** The list form has no values: what was there becomes null (paperless-api.md 15). */
function fieldsToAdd(context: Context, given: unknown): Added[] {
  const pairs: [unknown, unknown][] = Array.isArray(given)
    ? given.map((id) => [id, null])
    : Object.entries((given ?? {}) as Record<string, unknown>);
  const ids = fieldIds(
    context,
    pairs.map(([id]) => id),
    'add_custom_fields',
  );
  return ids.map((id, at) => ({ field: context.store.customFields.get(id) as CustomField, value: pairs[at]?.[1] }));
}

function fieldIds({ store }: Context, given: unknown, name: string): number[] {
  if (!Array.isArray(given)) throw refuse(`${name} must be a list`);
  const known = given.map(Number).filter((id) => store.customFields.has(id));
  if (new Set(known).size !== given.length) {
    throw refuse(`Some custom fields in ${name} don't exist or were specified twice.`);
  }
  return known;
}

function checked({ store, user, isV3 }: Context, field: CustomField, value: unknown): unknown {
  try {
    return checkValue(store, user, field, value);
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    // v2 finds out while it writes (paperless-api.md 10.6).
    if (!isV3) throw new HttpError(text('Error performing bulk edit, check logs for more detail.', 400));
    throw badRequest({ add_custom_fields: { [field.id]: { non_field_errors: error.errors } } });
  }
}

/** Replacing without an owner in the call takes the owner away (paperless-api.md 15). */
export function setPermissions(context: Context, rows: Rows, parameters: Parameters): void {
  if (!('set_permissions' in parameters)) throw serverError();
  const merge = parameters.merge === true;
  const permissions = readPermissions(context, parameters.set_permissions);
  const owner = parameters.owner === undefined || parameters.owner === null ? null : idOf(parameters.owner);
  if (owner !== null && !context.store.users.has(owner)) throw refuse('Specified owner cannot be found');
  changeRows(context, rows, (row) => {
    if (!merge) row.permissions = noPermissions();
    applyPermissions(row.permissions, permissions, merge);
    row.owner = merge ? (row.owner ?? owner) : owner;
  });
}

function readPermissions({ store }: Context, given: unknown) {
  try {
    return permissionsField(store)(given);
  } catch (error) {
    if (error instanceof Invalid) throw badRequest({ non_field_errors: error.errors });
    throw error;
  }
}
