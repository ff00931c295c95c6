import { Hono } from 'hono';
import { z } from 'zod';
import { listReplicas } from '../../../shared/db/replicas.repo.ts';
import { listOpenRuns } from '../../../shared/db/views.repo.ts';
import { ENGINE_TIMINGS } from '../../../shared/replication/deps.ts';
import { masterNotConfigured } from '../../../shared/replication/instances.ts';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import { planSync, type SyncPlan } from '../../../shared/replication/plan-sync.ts';
import { replicaNotFound } from '../../../shared/replication/update-replica.ts';
import type { ApiDeps } from '../deps.ts';
import { id, queryOf } from '../input.ts';
import { presentProgress } from '../presenters/progress.ts';

const flag = z.enum(['0', '1']).optional();
const startQuery = z.strictObject({ replica_id: id.optional(), sweep: flag, dry_run: flag });

export function syncRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.post('/', async (c) => {
    const { replica_id: replicaId, sweep, dry_run: dryRun } = queryOf(c, startQuery);
    if (dryRun === '1') return c.json({ plans: await plans(deps, replicaId, sweep === '1', c.req.raw.signal) });
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

/** What a cycle would do now, to each replica that is enabled or to the one that is named; nothing is written anywhere. */
async function plans(
  deps: ApiDeps,
  replicaId: number | undefined,
  sweep: boolean,
  signal: AbortSignal,
): Promise<readonly SyncPlan[]> {
  const replicas = (await listReplicas(deps.db)).filter((one) => one.id === replicaId || (!replicaId && one.enabled));
  if (replicaId !== undefined && replicas.length === 0) throw replicaNotFound(replicaId);
  const { masterUrl, masterToken } = await deps.settings();
  if (masterUrl === null || masterToken === null) throw masterNotConfigured();
  const reader = deps.clients.openReader({ url: masterUrl, token: masterToken, target: 0 });
  const made: SyncPlan[] = [];
  for (const replica of replicas) {
    const access = { url: replica.url, token: deps.secrets.open(replica.api_token), target: replica.id };
    const source = { ...deps, timings: ENGINE_TIMINGS, reader, writer: deps.clients.openReader(access), signal };
    made.push(await planSync(source, replica, sweep));
  }
  return made;
}
