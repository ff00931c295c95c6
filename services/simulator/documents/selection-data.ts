import type { Context } from '../context.ts';
import { json, type Reply } from '../http/reply.ts';
import { asciiLower, compareText } from '../rest/lookups.ts';
import type { DocumentRow } from '../state/model.ts';
import { documentsOf } from './bulk-edit.ts';

/** POST /api/documents/selection_data/: how many of the documents name each object. */
export async function selectionData(context: Context): Promise<Reply> {
  const { store } = context;
  const rows = documentsOf(context, await context.input());
  const counted = (
    objects: { id: number; name: string }[],
    names: (row: DocumentRow, id: number) => boolean,
  ): unknown[] =>
    objects
      .sort((a, b) => compareText(asciiLower(a.name), asciiLower(b.name)))
      .map(({ id }) => ({ id, document_count: rows.filter((row) => names(row, id)).length }));
  const { tag, correspondent, document_type, storage_path } = store.matching;
  const carries = (row: DocumentRow, id: number): boolean => row.customFields.some((value) => value.field === id);
  const fields = store.customFields.filter(() => true).sort((a, b) => a.id - b.id);
  return json({
    selected_correspondents: counted([...correspondent.values()], (row, id) => row.correspondent === id),
    selected_tags: counted([...tag.values()], (row, id) => row.tags.includes(id)),
    selected_document_types: counted([...document_type.values()], (row, id) => row.documentType === id),
    selected_storage_paths: counted([...storage_path.values()], (row, id) => row.storagePath === id),
    selected_custom_fields: fields.map(({ id }) => ({
      id,
      document_count: rows.filter((row) => carries(row, id)).length,
    })),
  });
}
