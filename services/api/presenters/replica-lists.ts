/** The rows behind the numbers of a replica, a page at a time. */
import { listDocuments, type DocumentFilter, type DocumentView } from '../../../shared/db/documents.repo.ts';
import { listFindings } from '../../../shared/db/findings.repo.ts';
import type { ApiDeps } from '../deps.ts';

export type { DocumentView };

const PAGE = 100;

export async function documentPage(deps: Pick<ApiDeps, 'db'>, filter: DocumentFilter, after: number | undefined) {
  // What left the master before it was ever uploaded is no document of the library.
  const rows = await listDocuments(deps.db, { ...filter, present: filter.phase !== 'gone' }, { after, limit: PAGE });
  return { rows, next: rows.length === PAGE ? (rows.at(-1)?.master_doc_id ?? null) : null };
}

export async function findingPage(
  deps: Pick<ApiDeps, 'db'>,
  filter: Parameters<typeof listFindings>[1],
  before: number | undefined,
) {
  const rows = await listFindings(deps.db, filter, { before, limit: PAGE });
  return { rows, next: rows.length === PAGE ? (rows.at(-1)?.id ?? null) : null };
}
