import type { ApiDeps } from '../deps.ts';
import { answer, newRoutes, operation, type Routes } from '../operation.ts';
import { loadStatus } from '../presenters/status.ts';
import { status } from '../schemas/status.ts';

const getStatus = operation({
  method: 'get',
  path: '/status',
  operationId: 'getStatus',
  summary: 'The master, every replica, what runs, and one sentence about it all',
  tags: ['Status'],
  responses: { 200: answer('How things are.', status) },
});

export function statusRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getStatus, async (c) => c.json(await loadStatus(deps), 200));
  return routes;
}
