import { z } from '@hono/zod-openapi';
import { listDocuments, type DocumentFilter, type DocumentView } from '../../../shared/db/documents.repo.ts';
import * as retry from '../../../shared/db/retry.repo.ts';
import { PHASES } from '../../../shared/domain/document-state.ts';
import { cancelDocument } from '../../../shared/replication/pause-replica.ts';
import { csvTable, full } from '../csv.ts';
import type { ApiDeps } from '../deps.ts';
import { existingReplica } from '../existing.ts';
import { actorOf } from '../gate/visitor.ts';
import { notFound } from '../http-error.ts';
import { flag, id, idParam, instant, pageSize, text } from '../input.ts';
import { answer, csvAnswer, jsonBody, newRoutes, operation, type Routes } from '../operation.ts';
import { excludeOn, includeOn, makeDue, makeFileDue, REASON, startRun } from '../presenters/document-acts.ts';
import { loadDocument } from '../presenters/document.ts';
import * as schemas from '../schemas/documents.ts';

const filters = {
  status: z.enum(schemas.LINK_STATUSES).optional(),
  phase: z.enum(PHASES).optional(),
  code: text(100).optional(),
  waiting: flag.optional(),
  held: flag.optional(),
  unverified_since: instant.optional(),
  field: text(100).optional(),
};
const csvQuery = z.strictObject(filters);
const retryQuery = z.strictObject({ now: flag.default(false) });
const documentParams = z.object({ id, master_id: id });
const tags = ['Documents'];

const getDocuments = operation({
  method: 'get',
  path: '/replicas/{id}/documents',
  operationId: 'listDocuments',
  summary: "The documents of a replica, in the order of the master's ids",
  tags,
  request: {
    params: idParam,
    query: z.strictObject({ ...filters, cursor: id.optional(), limit: pageSize(100, 1000) }),
  },
  responses: { 200: answer('A page of documents.', schemas.documentPage) },
});
const getCsv = operation({
  method: 'get',
  path: '/replicas/{id}/documents.csv',
  operationId: 'exportDocuments',
  summary: 'The same as a table, all of them',
  tags,
  request: { params: idParam, query: csvQuery },
  responses: { 200: csvAnswer('A row a document.') },
});
const getDocument = operation({
  method: 'get',
  path: '/documents/{id}',
  operationId: 'getDocument',
  summary: 'One document of the master, on every replica that knows it',
  tags,
  request: { params: idParam },
  responses: { 200: answer('The document.', schemas.documentOnReplicas) },
});

function filterOf(replicaId: number, { unverified_since: unverifiedSince, ...rest }: z.output<typeof csvQuery>) {
  return { replicaId, unverifiedSince, ...rest } satisfies DocumentFilter;
}

/** Under /api. */
export function documentRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getDocuments, async (c) => {
    const { cursor, limit, ...filter } = c.req.valid('query');
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    const documents = await listDocuments(deps.db, filterOf(replica.id, filter), { after: cursor, limit });
    const last = full(documents, limit);
    return c.json({ documents, next_cursor: last === undefined ? null : String(last.master_doc_id) }, 200);
  });
  routes.openapi(getCsv, async (c) => {
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    const filter = filterOf(replica.id, c.req.valid('query'));
    return csvTable(c, `documents-of-replica-${replica.id}`, {
      columns: [...COLUMNS, 'report'],
      cells,
      page: (after, limit) => listDocuments(deps.db, filter, { after: after?.master_doc_id, limit }),
    });
  });
  routes.openapi(getDocument, async (c) => {
    const masterDocId = c.req.valid('param').id;
    const document = await loadDocument(deps.db, masterDocId);
    if (document === null) throw notFound(`A document with the master id ${masterDocId}`, 'document_not_found');
    return c.json(document, 200);
  });
  addRetries(routes, deps);
  addExclusions(routes, deps);
  return routes;
}

const postRetry = operation({
  method: 'post',
  path: '/replicas/{id}/documents/{master_id}/retry',
  operationId: 'retryDocument',
  summary: 'Make one document due again, whatever its state',
  tags,
  request: { params: documentParams, query: retryQuery },
  responses: { 202: answer('It is due.', schemas.retried) },
  problems: [409, 422],
});
const postReupload = operation({
  method: 'post',
  path: '/replicas/{id}/documents/{master_id}/reupload',
  operationId: 'reuploadDocument',
  summary: 'Bring the file over again, where a comparison found another one',
  tags,
  request: { params: documentParams, query: retryQuery },
  responses: { 202: answer('It is due.', schemas.retried) },
  problems: [409, 422],
});
const postCancel = operation({
  method: 'post',
  path: '/replicas/{id}/documents/{master_id}/cancel',
  operationId: 'cancelDocument',
  summary: 'Stop the work on one document, in whatever process it goes on',
  tags,
  request: { params: documentParams },
  responses: { 200: answer('The run that it was part of.', schemas.cancelledDocument) },
  problems: [409],
});
const postExclude = operation({
  method: 'post',
  path: '/replicas/{id}/documents/{master_id}/exclude',
  operationId: 'excludeDocument',
  summary: 'Leave one document out on one replica; what is there already stays as it is',
  tags,
  request: { params: documentParams, body: jsonBody(z.strictObject({ reason: REASON })) },
  responses: { 200: answer('It is excluded.', schemas.excluded) },
  problems: [409],
});
const postInclude = operation({
  method: 'post',
  path: '/replicas/{id}/documents/{master_id}/include',
  operationId: 'includeDocument',
  summary: 'Take an excluded document back: it is due again, and what is there is adopted',
  tags,
  request: { params: documentParams, query: retryQuery },
  responses: { 202: answer('It is due.', schemas.included) },
  problems: [409, 422],
});
const postRetryFailed = operation({
  method: 'post',
  path: '/replicas/{id}/retry-failed',
  operationId: 'retryFailedOfReplica',
  summary: 'Make all documents of a replica due again that failed or were given up',
  tags,
  request: { params: idParam, query: retryQuery },
  responses: { 202: answer('So many are due.', schemas.retried) },
  problems: [409, 422],
});
const postRetryAll = operation({
  method: 'post',
  path: '/retry-failed',
  operationId: 'retryFailed',
  summary: 'Make all documents due again that failed or were given up',
  tags,
  request: { query: retryQuery },
  responses: { 202: answer('So many are due.', schemas.retriedOnReplicas) },
  problems: [409, 422],
});

function addRetries(routes: Routes, deps: ApiDeps): void {
  routes.openapi(postRetry, async (c) => {
    const { id: replicaId, master_id: masterDocId } = c.req.valid('param');
    const replica = await existingReplica(deps.db, replicaId);
    await makeDue(deps, replica, masterDocId, 'A person asked for another attempt.');
    return c.json({ retried: 1, run_id: c.req.valid('query').now ? await startRun(deps, replica.id) : null }, 202);
  });
  routes.openapi(postReupload, async (c) => {
    const { id: replicaId, master_id: masterDocId } = c.req.valid('param');
    const replica = await existingReplica(deps.db, replicaId);
    await makeFileDue(deps, replica, masterDocId);
    return c.json({ retried: 1, run_id: c.req.valid('query').now ? await startRun(deps, replica.id) : null }, 202);
  });
  routes.openapi(postCancel, async (c) => {
    const { id: replicaId, master_id: masterDocId } = c.req.valid('param');
    const replica = await existingReplica(deps.db, replicaId);
    return c.json({ run_id: await cancelDocument(deps.closing, replica.id, masterDocId) }, 200);
  });
  routes.openapi(postRetryFailed, async (c) => {
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    const retried = countOf(await retry.retryFailed(deps.db, replica.id));
    deps.log.info(`${retried} failed documents are due again.`, { replicaId: replica.id });
    return c.json({ retried, run_id: c.req.valid('query').now ? await startRun(deps, replica.id) : null }, 202);
  });
  routes.openapi(postRetryAll, async (c) => {
    const replicas = await retry.retryFailed(deps.db, null);
    const retried = countOf(replicas);
    deps.log.info(`${retried} failed documents are due again.`);
    const runId = c.req.valid('query').now ? await startRun(deps, undefined) : null;
    return c.json({ retried, replicas, run_id: runId }, 202);
  });
}

function addExclusions(routes: Routes, deps: ApiDeps): void {
  routes.openapi(postExclude, async (c) => {
    const { id: replicaId, master_id: masterDocId } = c.req.valid('param');
    const replica = await existingReplica(deps.db, replicaId);
    const said = { reason: c.req.valid('json').reason, by: actorOf(c) };
    await excludeOn(deps, { replica, masterDocId, everywhere: false }, said);
    return c.json({ excluded: 1 }, 200);
  });
  routes.openapi(postInclude, async (c) => {
    const { id: replicaId, master_id: masterDocId } = c.req.valid('param');
    const replica = await existingReplica(deps.db, replicaId);
    await includeOn(deps, replica, masterDocId);
    return c.json({ included: 1, run_id: c.req.valid('query').now ? await startRun(deps, replica.id) : null }, 202);
  });
}

const countOf = (rows: readonly retry.Retried[]): number => rows.reduce((sum, { documents }) => sum + documents, 0);

const COLUMNS = [
  ...(['master_doc_id', 'replica_doc_id', 'status', 'phase', 'waiting', 'waiting_since', 'error_code'] as const),
  ...(['error_msg', 'retry_count', 'failed_at', 'last_synced', 'verified_at', 'verified_depth'] as const),
  ...(['file_checksum', 'file_size'] as const),
  ...(['excluded_at', 'excluded_reason', 'excluded_by'] as const),
] satisfies (keyof DocumentView)[];

function cells(row: DocumentView): unknown[] {
  const report = row.report.map(({ field, kind, reason }) => `${field} (${kind}): ${reason}`).join('; ');
  return [...COLUMNS.map((column) => row[column]), report];
}
