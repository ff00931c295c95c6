/**
 * What a list can be narrowed by. Two quirks matter: an unknown parameter is ignored, so a typing error returns the whole
 * library, and a wrong id in some lists switches the filter off instead of being refused.
 */

import type { Context } from '../context.ts';
import { badRequest } from '../http/reply.ts';
import type { Query } from '../http/query.ts';
import { parseDate } from '../rest/dates.ts';
import { idFilter, idsFilter, momentFilter, textFilter } from '../rest/lists.ts';
import { asciiLower } from '../rest/lookups.ts';
import { isoDate } from '../state/clock.ts';
import type { DocumentRow } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import { customFieldFilters } from './custom-field-filters.ts';
import { booleanFilter, type Filter, looseIds } from './filter-input.ts';
import { newestVersion } from './serialize.ts';

/** All filters a list is asked for (paperless-api.md 2.3); unknown parameters and empty values are no filter. */
export function documentFilters(context: Context): Filter[] {
  const { query, store } = context;
  return [
    ...numberFilters(query),
    ...textFilters(query, store, context.instance.options.db === 'sqlite' ? asciiLower : foldAll),
    ...dateFilters(query),
    ...timeFilters(query, 'added'),
    ...timeFilters(query, 'modified'),
    ...referenceFilters(query),
    ...tagFilters(query, store),
    ...customFieldFilters(query, store),
    ...otherFilters(query),
  ];
}

type Comparison = 'gt' | 'gte' | 'lt' | 'lte';
const COMPARISONS: readonly Comparison[] = ['gt', 'gte', 'lt', 'lte'];

function holds<Value extends number | string>(value: Value, comparison: Comparison, than: Value): boolean {
  if (comparison === 'gt') return value > than;
  if (comparison === 'gte') return value >= than;
  return comparison === 'lt' ? value < than : value <= than;
}

function numberFilters(query: Query): Filter[] {
  const filters: Filter[] = [];
  const id = idFilter(query, 'id');
  if (id !== null) filters.push((row) => row.id === id);
  const ids = idsFilter(query, 'id__in');
  if (ids) filters.push((row) => ids.has(row.id));
  const asn = idFilter(query, 'archive_serial_number');
  if (asn !== null) filters.push((row) => row.archiveSerialNumber === asn);
  for (const comparison of COMPARISONS) {
    const than = idFilter(query, `archive_serial_number__${comparison}`);
    if (than === null) continue;
    filters.push((row) => row.archiveSerialNumber !== null && holds(row.archiveSerialNumber, comparison, than));
  }
  const isNull = booleanFilter(query, 'archive_serial_number__isnull');
  if (isNull !== null) filters.push((row) => (row.archiveSerialNumber === null) === isNull);
  return filters;
}

/** PostgreSQL folds all letters, SQLite only those of ASCII (paperless-api.md 2.3). */
const foldAll = (text: string): string => text.toUpperCase();

function textFilters(query: Query, store: Store, fold: (text: string) => string): Filter[] {
  const { correspondent, document_type, storage_path, tag } = store.matching;
  const filters: Filter[] = [];
  const add = (name: string, value: (row: DocumentRow) => string | null): void => {
    const matches = textFilter(query, name, fold);
    if (matches) filters.push((row) => matches(value(row)));
  };
  add('title', (row) => row.title);
  add('original_filename', (row) => row.originalFileName);
  add('checksum', (row) => row.checksum);
  add('content', (row) => newestVersion(store, row).content);
  add('correspondent__name', (row) => correspondent.get(row.correspondent)?.name ?? null);
  add('document_type__name', (row) => document_type.get(row.documentType)?.name ?? null);
  add('storage_path__name', (row) => storage_path.get(row.storagePath)?.name ?? null);
  const tagName = textFilter(query, 'tags__name', fold);
  if (tagName) filters.push((row) => row.tags.some((id) => tagName(tag.get(id)?.name ?? null)));
  return filters;
}

function dateFilters(query: Query): Filter[] {
  const filters: Filter[] = [];
  for (const comparison of COMPARISONS) {
    for (const name of [`created__${comparison}`, `created__date__${comparison}`]) {
      const day = dayOf(query, name);
      if (day !== null) filters.push((row) => holds(row.created, comparison, day));
    }
  }
  return [...filters, ...partFilters(query, 'created', (row) => row.created)];
}

function dayOf(query: Query, name: string): string | null {
  const given = query.given(name);
  if (given === null) return null;
  const day = parseDate(given);
  if (day === null) throw badRequest({ [name]: ['Enter a valid date.'] });
  return day;
}

function partFilters(query: Query, name: string, day: (row: DocumentRow) => string): Filter[] {
  return (['year', 'month', 'day'] as const).flatMap((part, at) => {
    const wanted = idFilter(query, `${name}__${part}`);
    return wanted === null ? [] : [(row: DocumentRow) => Number(day(row).split('-')[at]) === wanted];
  });
}

function timeFilters(query: Query, name: 'added' | 'modified'): Filter[] {
  const filters: Filter[] = [];
  for (const comparison of COMPARISONS) {
    const moment = momentFilter(query, `${name}__${comparison}`);
    if (moment !== null) filters.push((row) => holds(row[name], comparison, moment));
    const day = dayOf(query, `${name}__date__${comparison}`);
    if (day !== null) filters.push((row) => holds(isoDate(row[name]), comparison, day));
  }
  return [...filters, ...partFilters(query, name, (row) => isoDate(row[name]))];
}

const REFERENCES = {
  correspondent: 'correspondent',
  document_type: 'documentType',
  storage_path: 'storagePath',
  owner: 'owner',
} as const;

function referenceFilters(query: Query): Filter[] {
  return Object.entries(REFERENCES).flatMap(([name, key]) => {
    const filters: Filter[] = [];
    const id = idFilter(query, `${name}__id`);
    if (id !== null) filters.push((row) => row[key] === id);
    const among = looseIds(query, `${name}__id__in`);
    if (among) filters.push((row) => among.includes(row[key] ?? -1));
    const none = looseIds(query, `${name}__id__none`);
    if (none) filters.push((row) => !none.includes(row[key] ?? -1));
    const isNull = booleanFilter(query, `${name}__isnull`);
    if (isNull !== null) filters.push((row) => (row[key] === null) === isNull);
    return filters;
  });
}

function tagFilters(query: Query, store: Store): Filter[] {
  const filters: Filter[] = [];
  const id = idFilter(query, 'tags__id');
  if (id !== null) filters.push((row) => row.tags.includes(id));
  const every = looseIds(query, 'tags__id__all');
  if (every) filters.push((row) => every.every((tag) => row.tags.includes(tag)));
  const any = looseIds(query, 'tags__id__in');
  if (any) filters.push((row) => any.some((tag) => row.tags.includes(tag)));
  const none = looseIds(query, 'tags__id__none');
  if (none) filters.push((row) => !none.some((tag) => row.tags.includes(tag)));
  const tagged = booleanFilter(query, 'is_tagged');
  if (tagged !== null) filters.push((row) => row.tags.length > 0 === tagged);
  const inbox = query.given('is_in_inbox');
  if (inbox === 'true' || inbox === 'false') {
    const isInbox = (tag: number): boolean => store.matching.tag.get(tag)?.isInboxTag ?? false;
    filters.push((row) => row.tags.some(isInbox) === (inbox === 'true'));
  }
  return filters;
}

function otherFilters(query: Query): Filter[] {
  const filters: Filter[] = [];
  const mime = query.given('mime_type');
  if (mime !== null) filters.push((row) => row.mimeType.toLowerCase().includes(mime.toLowerCase()));
  for (const [name, texts] of Object.entries({
    search: (row: DocumentRow) => [row.title, row.content],
    title_content: (row: DocumentRow) => [row.title, row.content],
  })) {
    const wanted = query.given(name);
    if (wanted === null) continue;
    const part = asciiLower(wanted);
    filters.push((row) => texts(row).some((text) => asciiLower(text).includes(part)));
  }
  return filters;
}
