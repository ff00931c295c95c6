import { z } from '@hono/zod-openapi';
import { findRun, listChildRuns, listRuns } from '../../../shared/db/views.repo.ts';
import { cancelRun } from '../../../shared/replication/pause-replica.ts';
import { csvNewestFirst } from '../csv.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { cursorAfter, id, idParam, pageSize } from '../input.ts';
import { answer, csvAnswer, newRoutes, operation, type Routes } from '../operation.ts';
import { presentRun } from '../presenters/runs.ts';
import { oneRun, RUN_OUTCOMES, runPage, runWithReplicas } from '../schemas/runs.ts';

const filters = {
  replica_id: id.optional(),
  kind: z.enum(['cycle', 'replica']).optional(),
  outcome: z.enum(RUN_OUTCOMES).optional(),
};
const csvQuery = z.strictObject(filters);
const tags = ['Runs'];
const getRuns = operation({
  method: 'get',
  path: '/runs',
  operationId: 'listRuns',
  summary: 'Cycles and their runs on replicas, newest first',
  tags,
  request: { query: z.strictObject({ ...filters, cursor: id.optional(), limit: pageSize(50, 500) }) },
  responses: { 200: answer('A page of runs.', runPage) },
});
const getCsv = operation({
  method: 'get',
  path: '/runs.csv',
  operationId: 'exportRuns',
  summary: 'The same as a table, all of them',
  tags,
  request: { query: csvQuery },
  responses: { 200: csvAnswer('A row a run.') },
});
const getRun = operation({
  method: 'get',
  path: '/runs/{id}',
  operationId: 'getRun',
  summary: 'One run, and those on replicas that belong to it',
  tags,
  request: { params: idParam },
  responses: { 200: answer('The run.', runWithReplicas) },
});
const postCancel = operation({
  method: 'post',
  path: '/runs/{id}/cancel',
  operationId: 'cancelRun',
  summary: 'Stop a run; of a cycle, all of its replicas that are not done',
  tags,
  request: { params: idParam },
  responses: { 200: answer('The run as it is now.', oneRun) },
  problems: [409],
});

const filterOf = ({ replica_id: replicaId, kind, outcome }: z.output<typeof csvQuery>) => ({
  replicaId,
  kind,
  outcome,
});

/** Under /api. */
export function runRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getRuns, async (c) => {
    const { cursor, limit, ...filter } = c.req.valid('query');
    const runs = await listRuns(deps.db, filterOf(filter), { before: cursor, limit });
    const now = deps.clock.now();
    return c.json({ runs: runs.map((run) => presentRun(run, now)), next_cursor: cursorAfter(runs, limit) }, 200);
  });
  routes.openapi(getCsv, (c) => {
    const [filter, now] = [filterOf(c.req.valid('query')), deps.clock.now()];
    return csvNewestFirst(c, 'runs', COLUMNS, async (before, limit) =>
      (await listRuns(deps.db, filter, { before, limit })).map((run) => presentRun(run, now)),
    );
  });
  routes.openapi(getRun, async (c) => {
    const { id: runId } = c.req.valid('param');
    const [run, children] = await Promise.all([findRun(deps.db, runId), listChildRuns(deps.db, runId)]);
    if (run === undefined) throw notFound(`The run ${runId}`, 'run_not_found');
    const now = deps.clock.now();
    return c.json({ run: presentRun(run, now), replicas: children.map((child) => presentRun(child, now)) }, 200);
  });
  routes.openapi(postCancel, async (c) => {
    const { id: runId } = c.req.valid('param');
    await cancelRun(deps.closing, runId);
    const run = await findRun(deps.db, runId);
    if (run === undefined) throw notFound(`The run ${runId}`, 'run_not_found');
    return c.json({ run: presentRun(run, deps.clock.now()) }, 200);
  });
  return routes;
}

const COLUMNS = [
  ...(['id', 'parent_run_id', 'kind', 'replica', 'triggered_by', 'started_at', 'finished_at', 'outcome'] as const),
  ...(['duration_seconds', 'docs_total', 'docs_synced', 'docs_failed', 'docs_held', 'bytes'] as const),
  ...(['error_code', 'error_msg', 'error_side'] as const),
];
