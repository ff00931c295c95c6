import { Hono } from 'hono';
import { z } from 'zod';
import { queryLogs } from '../../../shared/db/logs.repo.ts';
import type { ApiDeps } from '../deps.ts';
import { id, instant, pageSize, queryOf, text } from '../input.ts';

const logQuery = z.strictObject({
  replica_id: id.optional(),
  run_id: id.optional(),
  level: z.enum(['info', 'warning', 'error']).optional(),
  from: instant.optional(),
  to: instant.optional(),
  q: text(500).optional(),
  cursor: id.optional(),
  limit: pageSize(100, 1000),
});

export function logRoutes(deps: ApiDeps): Hono {
  return new Hono().get('/', async (c) => {
    const { replica_id: replicaId, run_id: runId, level, from, to, q, cursor, limit } = queryOf(c, logQuery);
    const filter = { replicaId, runId, level, from, to, text: q?.trim() === '' ? undefined : q };
    const logs = await queryLogs(deps.db, filter, { before: cursor, limit });
    const last = logs.length === limit ? logs.at(-1) : undefined;
    return c.json({ logs, next_cursor: last === undefined ? null : String(last.id) });
  });
}
