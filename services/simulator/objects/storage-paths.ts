/**
 * Storage paths are the one kind of object whose edit moves documents, because it moves their files.
 */

import type { Context } from '../context.ts';
import { json, notFound, type Reply } from '../http/reply.ts';
import { type Field, idField, invalid, readInput, textField } from '../rest/input.ts';
import { isListed } from '../state/document-index.ts';
import type { DocumentRow, MatchingObject } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import { bumpLater } from '../tasks/background.ts';
import { extensionOf } from '../documents/names.ts';
import { tagsByName } from '../documents/serialize.ts';
import { removeReference } from './remove.ts';
import { checkTemplate, type PathValues, renderPath } from './path-template.ts';

/** A template; the older `{name}` becomes `{{ name }}`, and whatever cannot be rendered is refused (paperless-api.md 10.1). */
export const pathField: Field<string> = (input) => {
  const path = textField({ blank: false })(input);
  const isOld = !path.includes('{{') && !path.includes('{%');
  const template = isOld ? path.replace(/\{\s*(\w+)\s*\}/g, '{{ $1 }}') : path;
  if (!checkTemplate(template)) throw invalid('Invalid variable detected.');
  return template;
};

/** Any edit moves the files, and with them `modified`, in the background (paperless-api.md 2.6). */
export function storagePathChanged(context: Context, row: MatchingObject): void {
  bumpLater(context.instance, [...context.store.index.referring(`storage_path:${row.id}`)]);
}

export function removeStoragePath(context: Context, row: MatchingObject): void {
  const documents = [...context.store.index.referring(`storage_path:${row.id}`)];
  removeReference(context.store, 'storage_path', row);
  bumpLater(context.instance, documents);
}

/** POST /api/storage_paths/test/: what a template makes of a document; an empty body if it cannot be rendered. */
export async function testPath(context: Context): Promise<Reply> {
  context.require('view_storagepath');
  const { store } = context;
  const listed = (id: number): boolean => {
    const row = store.documents.get(id);
    return row !== undefined && isListed(row);
  };
  const shape = { document: idField(listed), path: textField({ blank: false }) };
  const { document, path } = readInput(await context.input(), shape, ['document', 'path']);
  const row = store.documents.get(document ?? null);
  if (!row) throw notFound();
  const rendered = renderPath(path ?? '', pathValues(store, row));
  if (rendered === null) return { status: 200 };
  return json(context.isV3 ? `${rendered}${extensionOf(row.mimeType)}` : rendered);
}

function pathValues(store: Store, row: DocumentRow): PathValues {
  const [year = '', month = '', day = ''] = row.created.split('-');
  const name = (kind: 'correspondent' | 'document_type' | 'storage_path', id: number | null): string =>
    store.matching[kind].get(id)?.name ?? '-none-';
  return {
    title: row.title,
    correspondent: name('correspondent', row.correspondent),
    document_type: name('document_type', row.documentType),
    storage_path: name('storage_path', row.storagePath),
    created: row.created,
    created_year: year,
    created_year_short: year.slice(2),
    created_month: month,
    created_day: day,
    asn: row.archiveSerialNumber === null ? '-none-' : String(row.archiveSerialNumber),
    owner_username: store.users.get(row.owner)?.username ?? '-none-',
    original_name: row.originalFileName ?? '-none-',
    doc_pk: String(row.id).padStart(7, '0'),
    tag_list: tagsByName(store, row.tags)
      .map((id) => store.matching.tag.get(id)?.name ?? '')
      .join(','),
  };
}
