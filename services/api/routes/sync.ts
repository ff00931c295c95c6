import { z } from '@hono/zod-openapi';
import { listOpenRuns } from '../../../shared/db/views.repo.ts';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import { planReplicas } from '../../../shared/replication/plan-replicas.ts';
import type { ApiDeps } from '../deps.ts';
import { flag, id } from '../input.ts';
import { answer, ASKS_INSTANCES, newRoutes, operation, type Routes } from '../operation.ts';
import { presentProgress } from '../presenters/progress.ts';
import { progress, started, syncPlan } from '../schemas/status.ts';

const tags = ['Runs'];
const postSync = operation({
  method: 'post',
  path: '/',
  operationId: 'startSync',
  summary: 'Begin a cycle now, or say with dry_run what it would do',
  tags,
  request: {
    query: z.strictObject({ replica_id: id.optional(), sweep: flag.optional(), dry_run: flag.optional() }),
  },
  responses: { 200: answer('With dry_run: the plan.', syncPlan), 202: answer('It is on its way.', started) },
  problems: [404, 409, ...ASKS_INSTANCES],
});
const getRunning = operation({
  method: 'get',
  path: '/running',
  operationId: 'getProgress',
  summary: 'What runs right now, over all processes',
  tags,
  responses: { 200: answer('The progress.', progress) },
});

export function syncRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(postSync, async (c) => {
    const { replica_id: replicaId, sweep, dry_run: dryRun } = c.req.valid('query');
    if (dryRun === true) {
      const plans = await planReplicas(deps, { replicaId, sweep: sweep === true }, c.req.raw.signal);
      return c.json({ dry_run: true as const, plans }, 200);
    }
    const { runId, alreadyRunning } = await openCycle(deps, { trigger: 'manual', replicaId, sweep });
    return c.json({ run_id: runId, already_running: alreadyRunning }, 202);
  });
  routes.openapi(getRunning, async (c) => c.json(presentProgress(await listOpenRuns(deps.db)), 200));
  return routes;
}
