import { z } from '@hono/zod-openapi';
import { listConflicts } from '../../../shared/db/conflicts.repo.ts';
import { resolveConflict } from '../../../shared/replication/resolve-conflict.ts';
import { csvNewestFirst } from '../csv.ts';
import type { ApiDeps } from '../deps.ts';
import { cursorAfter, id, idParam, pageSize } from '../input.ts';
import { answer, csvAnswer, jsonBody, newRoutes, operation, type Routes } from '../operation.ts';
import { presentConflict } from '../presenters/document.ts';
import { CONFLICT_STATES, conflictPage, oneConflict } from '../schemas/documents.ts';

const filters = {
  replica_id: id.optional(),
  master_doc_id: id.optional(),
  state: z.enum(CONFLICT_STATES).optional(),
};
const csvQuery = z.strictObject(filters);
const tags = ['Conflicts'];
const getConflicts = operation({
  method: 'get',
  path: '/conflicts',
  operationId: 'listConflicts',
  summary: 'Edits that somebody made on a replica, newest first',
  tags,
  request: { query: z.strictObject({ ...filters, cursor: id.optional(), limit: pageSize(100, 1000) }) },
  responses: { 200: answer('A page of conflicts.', conflictPage) },
});
const getCsv = operation({
  method: 'get',
  path: '/conflicts.csv',
  operationId: 'exportConflicts',
  summary: 'The same as a table, all of them',
  tags,
  request: { query: csvQuery },
  responses: { 200: csvAnswer('A row a conflict.') },
});
const postResolve = operation({
  method: 'post',
  path: '/conflicts/{id}/resolve',
  operationId: 'resolveConflict',
  summary: "Keep the master's value or the replica's",
  tags,
  request: { params: idParam, body: jsonBody(z.strictObject({ keep: z.enum(['master', 'replica']) })) },
  responses: { 200: answer('The conflict as it is now.', oneConflict) },
  problems: [409],
});

const filterOf = ({ replica_id: replicaId, master_doc_id: masterDocId, state }: z.output<typeof csvQuery>) => ({
  replicaId,
  masterDocId,
  state,
});

/** Edits that somebody made on a replica (E21), and what a person decides about them. */
export function conflictRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getConflicts, async (c) => {
    const { cursor, limit, ...filter } = c.req.valid('query');
    const rows = await listConflicts(deps.db, filterOf(filter), { before: cursor, limit });
    return c.json({ conflicts: rows.map(presentConflict), next_cursor: cursorAfter(rows, limit) }, 200);
  });
  routes.openapi(getCsv, (c) => {
    const filter = filterOf(c.req.valid('query'));
    return csvNewestFirst(c, 'conflicts', COLUMNS, async (before, limit) =>
      (await listConflicts(deps.db, filter, { before, limit })).map(presentConflict),
    );
  });
  routes.openapi(postResolve, async (c) => {
    const decided = await resolveConflict(deps, c.req.valid('param').id, c.req.valid('json').keep);
    return c.json({ conflict: presentConflict(decided) }, 200);
  });
  return routes;
}

const COLUMNS = [
  ...(['id', 'replica_id', 'master_doc_id', 'replica_doc_id', 'field', 'state'] as const),
  ...(['shown', 'found_at', 'decided_at'] as const),
];
