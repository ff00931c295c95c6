import { Hono } from 'hono';
import { z } from 'zod';
import { listOpenRuns } from '../../../shared/db/views.repo.ts';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import type { ApiDeps } from '../deps.ts';
import { id, queryOf } from '../input.ts';
import { presentProgress } from '../presenters/progress.ts';

const startQuery = z.strictObject({ replica_id: id.optional(), sweep: z.enum(['0', '1']).optional() });

export function syncRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.post('/', async (c) => {
    const { replica_id: replicaId, sweep } = queryOf(c, startQuery);
    const { runId, alreadyRunning } = await openCycle(deps, {
      trigger: 'manual',
      replicaId,
      sweep: sweep === undefined ? undefined : sweep === '1',
    });
    return c.json({ run_id: runId, already_running: alreadyRunning }, 202);
  });
  routes.get('/running', async (c) => c.json(presentProgress(await listOpenRuns(deps.db))));
  return routes;
}
