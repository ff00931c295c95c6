import { z } from '@hono/zod-openapi';
import type { ApiDeps } from '../deps.ts';
import { cursorAfter, id, pageSize } from '../input.ts';
import { answer, newRoutes, operation, type Routes } from '../operation.ts';
import { AUDIT_FILTERS, loadAudit } from '../presenters/audit.ts';
import { auditPage } from '../schemas/control.ts';

const getAudit = operation({
  method: 'get',
  path: '/',
  operationId: 'listAudit',
  summary: 'What people and programs did that may have changed something, newest first',
  tags: ['Audit'],
  request: { query: z.strictObject({ ...AUDIT_FILTERS, cursor: id.optional(), limit: pageSize(100, 1000) }) },
  responses: { 200: answer('A page of acts.', auditPage) },
});

/** Under /api/audit. */
export function auditRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getAudit, async (c) => {
    const { cursor, limit, ...filter } = c.req.valid('query');
    const acts = await loadAudit(deps, filter, { before: cursor, limit });
    return c.json({ acts, next_cursor: cursorAfter(acts, limit) }, 200);
  });
  return routes;
}
