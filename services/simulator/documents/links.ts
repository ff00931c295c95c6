/**
 * Links between documents. They hold both ways and move the other document as well, even when nothing changes; a reader of
 * `modified` sees documents that nobody edited.
 */

import type { CustomFieldValue, DocumentRow } from '../state/model.ts';
import type { Store } from '../state/store.ts';

const linksOf = (value: CustomFieldValue | undefined): number[] =>
  (value?.columns.documentlink as number[] | null) ?? [];

export const valueOf = (row: DocumentRow, field: number): CustomFieldValue | undefined =>
  row.customFields.find((value) => value.field === field);

/** Sets a field on a document without touching the other side of a link. */
export function putValue(store: Store, row: DocumentRow, field: number, columns: CustomFieldValue['columns']): void {
  const known = valueOf(row, field);
  if (known) Object.assign(known.columns, columns);
  else row.customFields.push({ id: store.takeCustomFieldValueId(), field, columns });
}

/** Document links are symmetric: what A names must name A, and what it names no longer must not (paperless-api.md 10.6). */
export function reflectLinks(store: Store, row: DocumentRow, field: number, targets: readonly number[]): void {
  for (const gone of linksOf(valueOf(row, field))) {
    if (!targets.includes(gone)) removeBackLink(store, row, field, gone);
  }
  for (const id of targets) {
    const target = store.documents.get(id);
    if (!target || target === row) continue;
    const links = linksOf(valueOf(target, field));
    if (!links.includes(row.id)) putValue(store, target, field, { documentlink: [...links, row.id] });
    // The target moves even when it was linked before.
    touch(store, target);
  }
}

export function removeBackLink(store: Store, row: DocumentRow, field: number, targetId: number): void {
  const target = store.documents.get(targetId);
  const value = target && valueOf(target, field);
  if (!target || !value || target === row) return;
  value.columns.documentlink = linksOf(value).filter((id) => id !== row.id);
  touch(store, target);
}

/** Takes a field off a document, and the document out of the links of the others. */
export function removeValue(store: Store, row: DocumentRow, field: number): void {
  const value = valueOf(row, field);
  if (!value) return;
  for (const target of linksOf(value)) removeBackLink(store, row, field, target);
  row.customFields = row.customFields.filter((other) => other !== value);
}

export function touch(store: Store, row: DocumentRow): void {
  row.modified = store.clock.now();
  store.saveDocument(row);
}
