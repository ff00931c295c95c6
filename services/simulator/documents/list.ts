/**
 * The list of documents. A library of 100,000 is listed for every cycle of a controller under measurement, so filters with an
 * index narrow first and a known order is never sorted again.
 */

import type { Context } from '../context.ts';
import { json, type Reply } from '../http/reply.ts';
import { momentFilter } from '../rest/lists.ts';
import { asciiLower } from '../rest/lookups.ts';
import { paginate, type Rows } from '../rest/pagination.ts';
import { isListed, type DocumentOrder } from '../state/document-index.ts';
import type { DocumentRow } from '../state/model.ts';
import { canSee } from '../users/permissions.ts';
import { documentFilters } from './filters.ts';
import { touch } from './links.ts';
import { requestedOrder } from './ordering.ts';
import { documentJson, type SerializeOptions } from './serialize.ts';

export function serializeOptions(context: Context, overrides: Partial<SerializeOptions> = {}): SerializeOptions {
  const { query } = context;
  const fields = query.given('fields');
  return {
    store: context.store,
    profile: context.profile,
    user: context.user,
    fullPermissions: query.isTrue('full_perms'),
    fields: fields === null ? null : new Set(fields.split(',')),
    truncateContent: query.isTrue('truncate_content'),
    withDuplicates: false,
    fromTrash: false,
    apiVersion: context.apiVersion,
    ...overrides,
  };
}

/** GET /api/documents/ (paperless-api.md 2). */
export function listDocuments(context: Context): Reply {
  context.require('view_document');
  shiftPages(context);
  const rows = selectDocuments(context);
  const { rows: page, envelope } = paginate(rows, context.page);
  const options = serializeOptions(context);
  return json(
    envelope(
      page.map((row) => documentJson(row, options)),
      () => rows.slice(0, rows.length).map((row) => row.id),
    ),
  );
}

/** The rows of a list in its order, collected. */
export function findDocuments(context: Context): readonly DocumentRow[] {
  const rows = selectDocuments(context);
  return rows.slice(0, rows.length);
}

/** The rows of a list; a whole library in an order that is kept is not collected for it. */
function selectDocuments(context: Context): Rows<DocumentRow> {
  const order = requestedOrder(context);
  const filters = documentFilters(context);
  const { user } = context;
  if (!user.isSuperuser) filters.push((row) => canSee(user, row));
  const keep = (row: DocumentRow): boolean => filters.every((filter) => filter(row));
  const narrow = narrowed(context);
  if (narrow) return narrow.filter(keep).sort(order.compare);
  const kept = inKeptOrder(context, order.names);
  if (kept === null) return plain(context.store.index.listed('id')).filter(keep).sort(order.compare);
  return filters.length === kept.applied ? kept : kept.slice(0, kept.length).filter(keep);
}

const INDEXED: Readonly<Record<string, DocumentOrder>> = {
  id: 'id',
  modified: 'modified',
  'modified,id': 'modified',
  'created,id': 'created',
};

const plain = (found: readonly { row: DocumentRow }[]): DocumentRow[] => found.map(({ row }) => row);

interface KeptOrder extends Rows<DocumentRow> {
  /** How many of the filters the index has applied already. */
  readonly applied: number;
}

/** All listed rows by an index that has them in the wanted order, forwards or backwards. */
function inKeptOrder(context: Context, names: readonly string[]): KeptOrder | null {
  const { index } = context.store;
  const descending = names.every((name) => name.startsWith('-'));
  if (!descending && names.some((name) => name.startsWith('-'))) return null;
  const order = INDEXED[names.map((name) => name.replace(/^-/, '')).join(',')];
  if (order === undefined) return null;
  const since = order === 'modified' ? momentFilter(context.query, 'modified__gte') : null;
  const rows = since === null ? index.listed(order) : index.from('modified', since);
  const applied = since === null ? 0 : 1;
  if (!descending) return { applied, length: rows.length, slice: (from, to) => plain(rows.slice(from, to)) };
  return {
    applied,
    length: rows.length,
    slice: (from, to) => plain(rows.slice(Math.max(0, rows.length - to), rows.length - from)).reverse(),
  };
}

/** The few rows that can match, where a filter has an index. */
function narrowed({ query, store, instance }: Context): DocumentRow[] | null {
  const live = (rows: (DocumentRow | undefined)[]): DocumentRow[] =>
    rows.filter((row) => row !== undefined && isListed(row)) as DocumentRow[];
  const ids = query.given('id__in') ?? query.given('id');
  if (ids !== null) return live([...new Set(ids.split(','))].map((id) => store.documents.get(Number(id))));
  const checksum = query.given('checksum__iexact');
  if (checksum !== null) return live(store.index.withChecksum(checksum.toLowerCase()));
  const asn = query.given('archive_serial_number');
  if (asn !== null) return live([store.index.withAsn(Number(asn))]);
  // The index folds letters as SQLite does.
  const byTitle = instance.options.db === 'sqlite';
  const title = !byTitle ? null : (query.given('title__iexact') ?? query.given('title__istartswith'));
  if (title !== null) return plain(store.index.titlesStartingWith(asciiLower(title)));
  const least = Number(
    query.given('archive_serial_number__gte') ?? query.given('archive_serial_number__gt') ?? Number.NaN,
  );
  return Number.isNaN(least) ? null : plain(store.index.from('asn', least));
}

/** Offset paging has no snapshot: a row touched during the walk moves to the end and one is skipped (paperless-api.md 2.5). */
function shiftPages(context: Context): void {
  if (Number(context.query.get('page') ?? '1') < 2) return;
  const occasion = { method: context.method, path: context.path, detail: '' };
  if (!context.instance.faults.strike('page-shift', occasion)) return;
  const [first] = findDocuments(context);
  if (first) touch(context.store, first);
}
