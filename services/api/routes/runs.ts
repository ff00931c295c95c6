import { Hono } from 'hono';
import { z } from 'zod';
import { findRun, listChildRuns, listRuns } from '../../../shared/db/views.repo.ts';
import { cancelRun } from '../../../shared/replication/pause-replica.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { id, idOf, pageSize, queryOf } from '../input.ts';
import { presentRun } from '../presenters/runs.ts';

const runQuery = z.strictObject({
  replica_id: id.optional(),
  kind: z.enum(['cycle', 'replica']).optional(),
  outcome: z.enum(['ok', 'partial', 'failed', 'timed_out', 'cancelled']).optional(),
  cursor: id.optional(),
  limit: pageSize(50, 500),
});

export function runRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.get('/', async (c) => {
    const { replica_id: replicaId, kind, outcome, cursor, limit } = queryOf(c, runQuery);
    const runs = await listRuns(deps.db, { replicaId, kind, outcome }, { before: cursor, limit });
    const last = runs.length === limit ? runs.at(-1) : undefined;
    const now = deps.clock.now();
    return c.json({
      runs: runs.map((run) => presentRun(run, now)),
      next_cursor: last === undefined ? null : String(last.id),
    });
  });
  routes.get('/:id', async (c) => {
    const runId = idOf(c);
    const [run, children] = await Promise.all([findRun(deps.db, runId), listChildRuns(deps.db, runId)]);
    if (run === undefined) throw notFound(`The run ${runId}`, 'run_not_found');
    const now = deps.clock.now();
    return c.json({ run: presentRun(run, now), replicas: children.map((child) => presentRun(child, now)) });
  });
  routes.post('/:id/cancel', async (c) => {
    const runId = idOf(c);
    await cancelRun(deps.closing, runId);
    const run = await findRun(deps.db, runId);
    if (run === undefined) throw notFound(`The run ${runId}`, 'run_not_found');
    return c.json({ run: presentRun(run, deps.clock.now()) });
  });
  return routes;
}
