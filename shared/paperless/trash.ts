/** The trash of an instance (paperless-api.md 12). */
import type { PaperlessReader, PaperlessWriter } from './api.ts';
import { answeredError } from './errors.ts';
import { writeJson } from './http.ts';
import type { Http } from './http.ts';
import { readAll } from './lists.ts';
import * as wire from './wire.ts';

const ROUTE = '/api/trash/';
/** `fields` is not supported here, so whole texts come along: smaller pages than elsewhere. */
const PAGE_SIZE = 250;

export function trashReads(http: Http): Pick<PaperlessReader, 'trash'> {
  return {
    async trash(signal) {
      const rows = await readAll(http, { route: ROUTE, pageSize: PAGE_SIZE, signal }, wire.trashRow);
      return rows.map((row) => ({
        id: row.id,
        title: row.title,
        added: row.added,
        modified: row.modified,
        asn: row.archive_serial_number,
        originalFileName: row.original_file_name ?? null,
        rootDocument: row.root_document ?? null,
      }));
    },
  };
}

type TrashWrites = Pick<PaperlessWriter, 'restoreDocument' | 'purgeDocuments'>;

export function trashWrites(http: Http): TrashWrites {
  /** Without ids the request would touch everything the token sees, so they are always named. */
  const change = async (action: 'restore' | 'empty', ids: readonly number[], signal: AbortSignal | undefined) => {
    if (ids.length === 0) return;
    const request = { method: 'POST', route: ROUTE, purpose: 'change', signal } as const;
    const { doc_ids } = await writeJson(http, request, { action, documents: [...ids] }, wire.restored);
    if (!ids.every((id) => doc_ids.includes(id)))
      throw answeredError(request, 200, 'was answered without naming the document.');
  };
  return {
    restoreDocument: (id, signal) => change('restore', [id], signal),
    purgeDocuments: (ids, signal) => change('empty', ids, signal),
  };
}
