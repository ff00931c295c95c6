import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import { listDocuments, type DocumentFilter, type DocumentView } from '../../../shared/db/documents.repo.ts';
import { findReplica } from '../../../shared/db/replicas.repo.ts';
import * as retry from '../../../shared/db/retry.repo.ts';
import type { Replica } from '../../../shared/db/tables.ts';
import { PHASES } from '../../../shared/domain/document-state.ts';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import { cancelDocument } from '../../../shared/replication/pause-replica.ts';
import { replicaNotFound } from '../../../shared/replication/update-replica.ts';
import { csvLine } from '../csv.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { flag, id, idOf, instant, pageSize, queryOf, text } from '../input.ts';
import { loadDocument } from '../presenters/document.ts';

const filters = {
  status: z.enum(['pending', 'ok', 'error']).optional(),
  phase: z.enum(PHASES).optional(),
  code: text(100).optional(),
  waiting: flag.optional(),
  held: flag.optional(),
  unverified_since: instant.optional(),
  field: text(100).optional(),
};
const listQuery = z.strictObject({ ...filters, cursor: id.optional(), limit: pageSize(100, 1000) });
const csvQuery = z.strictObject(filters);
const retryQuery = z.strictObject({ now: flag.default(false) });

function filterOf(replicaId: number, { unverified_since: unverifiedSince, ...rest }: z.output<typeof csvQuery>) {
  return { replicaId, unverifiedSince, ...rest } satisfies DocumentFilter;
}

export function documentRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.get('/replicas/:id/documents', async (c) => {
    const { cursor, limit, ...filter } = queryOf(c, listQuery);
    const replica = await existing(deps, idOf(c));
    const documents = await listDocuments(deps.db, filterOf(replica.id, filter), { after: cursor, limit });
    const last = documents.length === limit ? documents.at(-1) : undefined;
    return c.json({ documents, next_cursor: last === undefined ? null : String(last.master_doc_id) });
  });
  routes.get('/replicas/:id/documents.csv', async (c) => {
    const filter = queryOf(c, csvQuery);
    const replica = await existing(deps, idOf(c));
    c.header('Content-Type', 'text/csv; charset=utf-8');
    c.header('Content-Disposition', `attachment; filename="documents-of-replica-${replica.id}.csv"`);
    return stream(c, async (out) => {
      for await (const part of csvParts(deps, filterOf(replica.id, filter))) await out.write(part);
    });
  });
  routes.get('/documents/:id', async (c) => {
    const masterDocId = idOf(c);
    const document = await loadDocument(deps.db, masterDocId);
    if (document === null) throw notFound(`A document with the master id ${masterDocId}`, 'document_not_found');
    return c.json(document);
  });
  addRetries(routes, deps);
  return routes;
}

function addRetries(routes: Hono, deps: ApiDeps): void {
  routes.post('/replicas/:id/documents/:masterId/retry', async (c) => {
    const { now } = queryOf(c, retryQuery);
    const [replica, masterDocId] = [await existing(deps, idOf(c)), idOf(c, 'masterId')];
    if (!(await retry.retryDocument(deps.db, replica.id, masterDocId)))
      throw notFound(`A document with the master id ${masterDocId} on this replica`, 'document_not_linked');
    deps.log.info('A person asked for another attempt.', { replicaId: replica.id, docId: masterDocId });
    return c.json({ retried: 1, run_id: now ? await startRun(deps, replica.id) : null }, 202);
  });
  routes.post('/replicas/:id/documents/:masterId/cancel', async (c) => {
    const [replica, masterDocId] = [await existing(deps, idOf(c)), idOf(c, 'masterId')];
    return c.json({ run_id: await cancelDocument(deps.closing, replica.id, masterDocId) });
  });
  routes.post('/replicas/:id/retry-failed', async (c) => {
    const { now } = queryOf(c, retryQuery);
    const replica = await existing(deps, idOf(c));
    const retried = countOf(await retry.retryFailed(deps.db, replica.id));
    deps.log.info(`${retried} failed documents are due again.`, { replicaId: replica.id });
    return c.json({ retried, run_id: now ? await startRun(deps, replica.id) : null }, 202);
  });
  routes.post('/retry-failed', async (c) => {
    const { now } = queryOf(c, retryQuery);
    const replicas = await retry.retryFailed(deps.db, null);
    deps.log.info(`${countOf(replicas)} failed documents are due again.`);
    return c.json({ retried: countOf(replicas), replicas, run_id: now ? await startRun(deps, undefined) : null }, 202);
  });
}

const countOf = (rows: readonly retry.Retried[]): number => rows.reduce((sum, { documents }) => sum + documents, 0);

/** They are due in any case; this only spares the wait for the next cycle. */
async function startRun(deps: ApiDeps, replicaId: number | undefined): Promise<number> {
  return (await openCycle(deps, { trigger: 'manual', replicaId })).runId;
}

const CSV_PAGE = 1000;
const COLUMNS = [
  ...(['master_doc_id', 'replica_doc_id', 'status', 'phase', 'waiting', 'waiting_since', 'error_code'] as const),
  ...(['error_msg', 'retry_count', 'failed_at', 'last_synced', 'verified_at', 'verified_depth'] as const),
  ...(['file_checksum', 'file_size'] as const),
] satisfies (keyof DocumentView)[];

/** A page at a time, so that a library of any size needs no more memory than a small one. */
async function* csvParts(deps: ApiDeps, filter: DocumentFilter): AsyncGenerator<string> {
  yield csvLine([...COLUMNS, 'report']);
  for (let after: number | undefined; ; ) {
    const rows = await listDocuments(deps.db, filter, { after, limit: CSV_PAGE });
    yield rows.map(csvRow).join('');
    if (rows.length < CSV_PAGE) return;
    after = rows.at(-1)?.master_doc_id;
  }
}

function csvRow(row: DocumentView): string {
  const report = row.report.map(({ field, kind, reason }) => `${field} (${kind}): ${reason}`).join('; ');
  return csvLine([...COLUMNS.map((column) => row[column]), report]);
}

async function existing(deps: ApiDeps, replicaId: number): Promise<Replica> {
  const replica = await findReplica(deps.db, replicaId);
  if (replica === undefined) throw replicaNotFound(replicaId);
  return replica;
}
