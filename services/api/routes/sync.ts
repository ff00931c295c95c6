import { Hono } from 'hono';
import { z } from 'zod';
import { listOpenRuns } from '../../../shared/db/views.repo.ts';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import { planReplicas } from '../../../shared/replication/plan-replicas.ts';
import type { ApiDeps } from '../deps.ts';
import { flag, id, queryOf } from '../input.ts';
import { presentProgress } from '../presenters/progress.ts';

const startQuery = z.strictObject({ replica_id: id.optional(), sweep: flag.optional(), dry_run: flag.optional() });

export function syncRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.post('/', async (c) => {
    const { replica_id: replicaId, sweep, dry_run: dryRun } = queryOf(c, startQuery);
    if (dryRun === true) {
      const plans = await planReplicas(deps, { replicaId, sweep: sweep === true }, c.req.raw.signal);
      return c.json({ dry_run: true, plans });
    }
    const { runId, alreadyRunning } = await openCycle(deps, { trigger: 'manual', replicaId, sweep });
    return c.json({ run_id: runId, already_running: alreadyRunning }, 202);
  });
  routes.get('/running', async (c) => c.json(presentProgress(await listOpenRuns(deps.db))));
  return routes;
}
