/**
 * Orders of the document list. Rows with equal keys come by id here; the real database leaves that open, and a client must
 * name the id as second key.
 */

import type { Context } from '../context.ts';
import { serverError } from '../http/reply.ts';
import { compareText } from '../rest/lookups.ts';
import type { CustomField, DocumentRow } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import { readValue } from './custom-values.ts';

export type Order = (a: DocumentRow, b: DocumentRow) => number;

type Key = (row: DocumentRow) => number | string | null;

/** Nulls come first in ascending order on SQLite and last on PostgreSQL (paperless-api.md 2.4). */
const byKey =
  (key: Key, nullsFirst: boolean): Order =>
  (a, b) => {
    const [left, right] = [key(a), key(b)];
    if (left === null || right === null) {
      if (left === right) return 0;
      return (left === null) === nullsFirst ? -1 : 1;
    }
    return typeof left === 'string' ? compareText(left, String(right)) : left - Number(right);
  };

function keys(store: Store): Record<string, Key> {
  const { correspondent, document_type, storage_path } = store.matching;
  return {
    id: (row) => row.id,
    title: (row) => row.title,
    correspondent__name: (row) => correspondent.get(row.correspondent)?.name ?? null,
    document_type__name: (row) => document_type.get(row.documentType)?.name ?? null,
    storage_path__name: (row) => storage_path.get(row.storagePath)?.name ?? null,
    created: (row) => row.created,
    modified: (row) => row.modified,
    added: (row) => row.added,
    archive_serial_number: (row) => row.archiveSerialNumber,
    num_notes: (row) => row.notes.length,
    owner: (row) => row.owner,
    page_count: (row) => row.pageCount,
  };
}

export interface RequestedOrder {
  /** Names as asked for, with their minus; the default is `-created,-id`. */
  readonly names: readonly string[];
  readonly compare: Order;
}

export function requestedOrder(context: Context): RequestedOrder {
  const { store, query, instance } = context;
  const known = keys(store);
  const nullsFirst = instance.options.db === 'sqlite';
  const asked = (query.given('ordering') ?? '').split(',').filter(Boolean);
  const fields = asked.filter((name) => /^-?custom_field_\d+$/.test(name));
  // Together with another key the real query fails (paperless-api.md 2.4).
  if (fields.length > 0 && asked.length > 1) throw serverError();
  const field = store.customFields.get(Number(fields[0]?.replace(/\D/g, '') ?? Number.NaN));
  if (field) return { names: asked, compare: signed(asked[0] ?? '', byKey(customKey(store, field), nullsFirst)) };
  const named = asked.filter((name) => name.replace(/^-/, '') in known);
  const names = named.length > 0 ? named : ['-created', '-id'];
  const orders = names.map((name) => signed(name, byKey(known[name.replace(/^-/, '')] as Key, nullsFirst)));
  // Ties fall as the rows lie in the table.
  return { names, compare: (a, b) => firstDifference(orders, a, b) || a.id - b.id };
}

const signed = (name: string, order: Order): Order => (name.startsWith('-') ? (a, b) => -order(a, b) : order);

function firstDifference(orders: readonly Order[], a: DocumentRow, b: DocumentRow): number {
  for (const order of orders) {
    const difference = order(a, b);
    if (difference !== 0) return difference;
  }
  return 0;
}

const customKey =
  (store: Store, field: CustomField): Key =>
  (row) => {
    const value = row.customFields.find((candidate) => candidate.field === field.id);
    const stored = value ? readValue(store, value) : null;
    return typeof stored === 'number' || typeof stored === 'string' || stored === null ? stored : String(stored);
  };
