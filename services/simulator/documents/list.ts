import type { Context } from '../context.ts';
import { json, type Reply } from '../http/reply.ts';
import { asciiLower } from '../rest/lookups.ts';
import { paginate } from '../rest/pagination.ts';
import { isListed, type DocumentOrder } from '../state/document-index.ts';
import type { DocumentRow } from '../state/model.ts';
import { canSee } from '../users/permissions.ts';
import { documentFilters, momentOf } from './filters.ts';
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
    ...overrides,
  };
}

/** GET /api/documents/ (paperless-api.md 2). */
export function listDocuments(context: Context): Reply {
  context.require('view_document');
  shiftPages(context);
  const rows = findDocuments(context);
  const { rows: page, envelope } = paginate(rows, context.page);
  const options = serializeOptions(context);
  return json(envelope(page.map((row) => documentJson(row, options)), () => rows.map((row) => row.id)));
}

/** The rows of a list in its order. */
export function findDocuments(context: Context): DocumentRow[] {
  const order = requestedOrder(context);
  const filters = documentFilters(context);
  const { user } = context;
  if (!user.isSuperuser) filters.push((row) => canSee(user, row));
  const source = candidates(context, order.names);
  const rows = filters.length === 0 ? source.rows : source.rows.filter((row) => filters.every((keep) => keep(row)));
  return source.ordered ? rows : [...rows].sort(order.compare);
}

const INDEXED: Readonly<Record<string, DocumentOrder>> = {
  id: 'id',
  modified: 'modified',
  'modified,id': 'modified',
  'created,id': 'created',
};

interface Candidates {
  readonly rows: DocumentRow[];
  readonly ordered: boolean;
}

const plain = (found: readonly { row: DocumentRow }[]): DocumentRow[] => found.map(({ row }) => row);

/** The fewest rows that can match, by an index where a filter or the order has one. */
function candidates(context: Context, names: readonly string[]): Candidates {
  const narrow = narrowed(context);
  if (narrow) return { rows: narrow, ordered: false };
  const { index } = context.store;
  const ascending = names.every((name) => !name.startsWith('-'));
  const descending = names.every((name) => name.startsWith('-'));
  const order = INDEXED[names.map((name) => name.replace(/^-/, '')).join(',')];
  if (order === undefined || !(ascending || descending)) return { rows: plain(index.listed('id')), ordered: false };
  const since = order === 'modified' ? (momentOf(context.query, 'modified__gte') ?? momentOf(context.query, 'modified__gt')) : null;
  const rows = plain(since === null ? index.listed(order) : index.from('modified', since));
  return { rows: descending ? rows.reverse() : rows, ordered: true };
}

function narrowed({ query, store }: Context): DocumentRow[] | null {
  const live = (rows: (DocumentRow | undefined)[]): DocumentRow[] => rows.filter((row) => row !== undefined && isListed(row)) as DocumentRow[];
  const ids = query.given('id__in') ?? query.given('id');
  if (ids !== null) return live([...new Set(ids.split(','))].map((id) => store.documents.get(Number(id))));
  const checksum = query.given('checksum__iexact');
  if (checksum !== null) return live(store.index.withChecksum(checksum.toLowerCase()));
  const asn = query.given('archive_serial_number');
  if (asn !== null) return live([store.index.withAsn(Number(asn))]);
  const title = query.given('title__iexact') ?? query.given('title__istartswith');
  if (title !== null) return plain(store.index.titlesStartingWith(asciiLower(title)));
  const least = Number(query.given('archive_serial_number__gte') ?? query.given('archive_serial_number__gt') ?? Number.NaN);
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

