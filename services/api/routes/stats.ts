import { Hono } from 'hono';
import { z } from 'zod';
import { dailyStats } from '../../../shared/db/stats.repo.ts';
import type { ApiDeps } from '../deps.ts';
import { id, pageSize, queryOf } from '../input.ts';

const statsQuery = z.strictObject({ days: pageSize(30, 366), replica_id: id.optional() });

export function statsRoutes(deps: ApiDeps): Hono {
  return new Hono().get('/', async (c) => {
    const { days, replica_id: replicaId = null } = queryOf(c, statsQuery);
    const zone = (await deps.settings()).timezone ?? deps.timeZone;
    return c.json({ timezone: zone, days: await dailyStats(deps.db, { days, zone, replicaId }) });
  });
}
