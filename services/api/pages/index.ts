/** All pages, below the base path. */
import { Hono } from 'hono';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { dashboardPages } from './dashboard.tsx';
import { replicaPages } from './replicas.tsx';
import { runPages } from './runs.tsx';

export function pageRoutes(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.route('/', dashboardPages(deps));
  routes.route('/replicas', replicaPages(deps));
  routes.route('/runs', runPages(deps));
  return routes;
}
