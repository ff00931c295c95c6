/** All pages, below the base path. */
import { Hono } from 'hono';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { dashboardPages } from './dashboard.tsx';

export function pageRoutes(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.route('/', dashboardPages(deps));
  return routes;
}
