import { z } from '@hono/zod-openapi';
import type { ApiDeps } from '../deps.ts';
import { eventStream, newRoutes, operation, type Routes } from '../operation.ts';

const getStream = operation({
  method: 'get',
  path: '/stream',
  operationId: 'followProgress',
  summary: 'As GET /api/sync/running, again whenever it changes',
  tags: ['Runs'],
  request: { query: z.strictObject({}) },
  responses: { 200: eventStream('Events named "progress".') },
  problems: [429],
});

export function progressRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getStream, (c) => deps.live.progress(c));
  return routes;
}
