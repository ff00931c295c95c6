/**
 * Custom fields. Option ids of a client are kept verbatim, which lets a replica have the ids of its master; any edit of a
 * select field has to send all options again (paperless-api.md 10.5).
 */

import type { Context } from '../context.ts';
import { badRequest, json, noContent, notFound, type Reply, serverError } from '../http/reply.ts';
import { selectOptions } from '../documents/custom-values.ts';
import { choiceField, type Field, invalid, readInput, textField } from '../rest/input.ts';
import { idFilter, idsFilter, orderRows, textFilter } from '../rest/lists.ts';
import { compareText } from '../rest/lookups.ts';
import { paginate } from '../rest/pagination.ts';
import type { CustomField, DataType } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import { documentCount } from './counts.ts';

const DATA_TYPES: readonly DataType[] = [
  'string',
  'url',
  'date',
  'boolean',
  'integer',
  'float',
  'monetary',
  'documentlink',
  'select',
  'longtext',
];

const fieldJson = (context: Context, field: CustomField, created = false): Record<string, unknown> => ({
  id: field.id,
  name: field.name,
  data_type: field.dataType,
  extra_data: field.extraData,
  ...(created ? {} : { document_count: documentCount(context, `custom_field:${field.id}`) }),
});

export function listFields(context: Context): Reply {
  context.require('view_customfield');
  const { query, store, isV3 } = context;
  const [ids, id, name] = [idsFilter(query, 'id__in'), idFilter(query, 'id'), textFilter(query, 'name')];
  const found = store.customFields.filter(
    (field) => (!ids || ids.has(field.id)) && (id === null || field.id === id) && (!name || name(field.name)),
  );
  // By name on v3, the newest first on v2 (paperless-api.md 10.2).
  found.sort(isV3 ? (a, b) => compareText(a.name, b.name) : (a, b) => b.created - a.created);
  const rows = orderRows(found, query, {
    name: (a, b) => compareText(a.name, b.name),
    created: (a, b) => a.created - b.created,
    data_type: (a, b) => compareText(a.dataType, b.dataType),
    document_count: (a, b) =>
      documentCount(context, `custom_field:${a.id}`) - documentCount(context, `custom_field:${b.id}`),
  });
  const { rows: page, envelope } = paginate(rows, context.page);
  return json(
    envelope(
      page.map((field) => fieldJson(context, field)),
      () => rows.map((field) => field.id),
    ),
  );
}

function find(context: Context): CustomField {
  const field = context.store.customFields.get(context.id());
  if (!field) throw notFound('CustomField');
  return field;
}

export function readField(context: Context): Reply {
  context.require('view_customfield');
  return json(fieldJson(context, find(context)));
}

const shape = (store: Store, field: CustomField | null) => ({
  name: freeName(store, field),
  data_type: choiceField(DATA_TYPES),
  extra_data: ((input) => input) as Field<unknown>,
});

const freeName =
  (store: Store, field: CustomField | null): Field<string> =>
  (input) => {
    const name = textField({ max: 128, blank: false })(input);
    const isTaken = store.customFields.filter((other) => other !== field && other.name === name).length > 0;
    if (isTaken) throw invalid('custom field with this name already exists.');
    return name;
  };

export async function createField(context: Context): Promise<Reply> {
  context.require('add_customfield');
  const { store } = context;
  const values = readInput(await context.input(), shape(store, null), ['name', 'data_type']);
  const dataType = values.data_type ?? 'string';
  const extraData = checkExtraData(store, dataType, values.extra_data ?? null, values.extra_data !== undefined);
  const field = store.customFields.save({
    id: store.customFields.takeId(),
    name: values.name ?? '',
    dataType,
    extraData,
    created: store.clock.now(),
  });
  return json(fieldJson(context, field, true), 201);
}

const BAD_OPTIONS = 'extra_data.select_options must be a valid list';
const BAD_CURRENCY = 'extra_data.default_currency must be a 3-character string';

type ExtraData = CustomField['extraData'];

/** Missing option ids are made up, given ones are kept as they are (paperless-api.md 10.5). */
function checkExtraData(store: Store, dataType: DataType, given: unknown, isGiven: boolean): ExtraData {
  const extra = given as ExtraData;
  if (dataType === 'monetary') checkCurrency(extra);
  if (dataType !== 'select') return extra;
  if (isGiven && extra === null) throw serverError();
  const options = extra?.select_options;
  if (!Array.isArray(options) || options.length === 0) throw badRequest({ error: [BAD_OPTIONS] });
  // Plain texts in place of objects crash the real check.
  if (options.some((option) => typeof option !== 'object' || option === null)) throw serverError();
  if (options.some((option: { label?: unknown }) => !option.label)) throw badRequest({ error: [BAD_OPTIONS] });
  const filled = options.map((option: { label: string; id?: string | null }) => ({
    ...option,
    id: option.id ?? store.random(16),
  }));
  return { ...extra, select_options: filled };
}

function checkCurrency(extra: ExtraData): void {
  const currency = extra?.default_currency;
  const isFine =
    currency === undefined ||
    currency === null ||
    currency === '' ||
    (typeof currency === 'string' && currency.length === 3);
  if (!isFine) throw badRequest({ error: [BAD_CURRENCY] });
}

export async function updateField(context: Context): Promise<Reply> {
  context.require('change_customfield');
  const { store } = context;
  const field = find(context);
  const required = context.method === 'PUT' ? ['name', 'data_type'] : [];
  const values = readInput(await context.input(), shape(store, field), required);
  const dataType = values.data_type ?? field.dataType;
  const isGiven = values.extra_data !== undefined;
  const needsOptions = field.dataType === 'select' || dataType === 'select';
  if (isGiven || needsOptions) {
    const extraData = checkExtraData(store, dataType, values.extra_data ?? null, isGiven);
    if (isGiven) field.extraData = extraData;
  }
  field.name = values.name ?? field.name;
  field.dataType = dataType;
  store.customFields.save(field);
  if (isGiven && dataType === 'select') clearLostOptions(context, field);
  return json(fieldJson(context, field));
}

/** Values whose option is gone become null in the background; the field stays and nothing moves (paperless-api.md 10.5). */
function clearLostOptions({ instance, store }: Context, field: CustomField): void {
  instance.queue.add({
    name: 'process_cf_select_update',
    run: () => {
      const known = new Set(selectOptions(field).map((option) => option.id));
      for (const row of store.documents.filter((candidate) =>
        candidate.customFields.some((value) => value.field === field.id),
      )) {
        const value = row.customFields.find((candidate) => candidate.field === field.id);
        if (!value || value.columns.select === null || known.has(String(value.columns.select))) continue;
        value.columns.select = null;
        store.saveDocument(row);
      }
      store.commit();
    },
  });
}

/** Its values go with it on every document, links on both ends, without a bump. */
export function deleteField(context: Context): Reply {
  context.require('delete_customfield');
  const { store } = context;
  const field = find(context);
  store.customFields.remove(field.id);
  for (const row of store.documents.filter((candidate) =>
    candidate.customFields.some((value) => value.field === field.id),
  )) {
    row.customFields = row.customFields.filter((value) => value.field !== field.id);
    store.saveDocument(row);
  }
  return noContent();
}
