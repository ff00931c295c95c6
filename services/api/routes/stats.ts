import { z } from '@hono/zod-openapi';
import { dailyStats } from '../../../shared/db/stats.repo.ts';
import type { ApiDeps } from '../deps.ts';
import { id, pageSize } from '../input.ts';
import { answer, newRoutes, operation, type Routes } from '../operation.ts';
import * as schemas from '../schemas/control.ts';

const getStats = operation({
  method: 'get',
  path: '/',
  operationId: 'getStats',
  summary: 'What was done, a row a day, the newest first',
  tags: ['Status'],
  request: { query: z.strictObject({ days: pageSize(30, 366), replica_id: id.optional() }) },
  responses: { 200: answer('The days.', schemas.dailyStats) },
});

export function statsRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getStats, async (c) => {
    const { days, replica_id: replicaId = null } = c.req.valid('query');
    const zone = (await deps.settings()).timezone ?? deps.timeZone;
    return c.json({ timezone: zone, days: await dailyStats(deps.db, { days, zone, replicaId }) }, 200);
  });
  return routes;
}
