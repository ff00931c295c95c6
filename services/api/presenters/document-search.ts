/** The list of documents over all replicas. */
import { z } from 'zod';
import { searchDocuments } from '../../../shared/db/document-search.repo.ts';
import { listReplicas } from '../../../shared/db/replicas.repo.ts';
import { PHASES } from '../../../shared/domain/document-state.ts';
import type { ApiDeps } from '../deps.ts';
import { flag, id, instant, text } from '../input.ts';

const PAGE = 100;
export const DOCUMENT_QUERY = z.strictObject({
  replica_id: id.optional(),
  document: id.optional(),
  /** The id on the replica. */
  copy: id.optional(),
  run_id: id.optional(),
  status: z.enum(['pending', 'ok', 'error', 'excluded']).optional(),
  /** One phase, or several with commas between. */
  phase: text(200)
    .transform((value) => value.split(','))
    .pipe(z.array(z.enum(PHASES)))
    .optional(),
  code: text(100).optional(),
  waiting: flag.optional(),
  held: flag.optional(),
  unverified_since: instant.optional(),
  field: text(100).optional(),
  cursor: id.optional(),
});
export type DocumentQuery = z.output<typeof DOCUMENT_QUERY>;

export async function loadDocumentSearch({ db }: Pick<ApiDeps, 'db'>, query: DocumentQuery) {
  const replicas = await listReplicas(db);
  const { replica_id: replicaId, document: masterDocId, copy: replicaDocId, run_id: runId, phase: phases } = query;
  const { status, code, waiting, held, unverified_since: unverifiedSince, field, cursor } = query;
  const documents = await searchDocuments(
    db,
    {
      replicaIds: replicaId === undefined ? replicas.map((replica) => replica.id) : [replicaId],
      ...{ masterDocId, replicaDocId, runId, status, phases, code, waiting, held, unverifiedSince, field },
    },
    { after: cursor, limit: PAGE },
  );
  const last = documents.length === PAGE ? documents.at(-1) : undefined;
  return {
    documents,
    next: last?.link_id ?? null,
    replicas: replicas.map(({ id: value, name }) => ({ id: value, name })),
  };
}
export type DocumentList = Awaited<ReturnType<typeof loadDocumentSearch>>;
