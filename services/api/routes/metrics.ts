import { z } from '@hono/zod-openapi';
import type { ApiDeps } from '../deps.ts';
import { newRoutes, operation, type Routes } from '../operation.ts';

const getMetrics = operation({
  method: 'get',
  path: '/metrics',
  operationId: 'getMetrics',
  summary: 'The numbers for Prometheus',
  tags: ['Monitoring'],
  responses: { 200: { description: 'Text format.', content: { 'text/plain': { schema: z.string() } } } },
});

export function metricsRoutes({ metrics }: Pick<ApiDeps, 'metrics'>): Routes {
  const routes = newRoutes();
  routes.openapi(getMetrics, async (c) => c.text(await metrics.render(), 200, { 'content-type': metrics.contentType }));
  return routes;
}
