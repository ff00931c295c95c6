/** All pages, below the base path. */
import { Hono } from 'hono';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { auditPage } from './audit-page.tsx';
import { channelForms } from './channel-form.tsx';
import { deliveriesPage } from './deliveries-page.tsx';
import { notificationPages } from './notifications-page.tsx';
import { conflictPages } from './conflicts-page.tsx';
import { dashboardPages } from './dashboard.tsx';
import { deletionPages } from './deletions-page.tsx';
import { documentPages } from './documents-page.tsx';
import { findingPages } from './findings-page.tsx';
import { keysPage } from './keys-page.tsx';
import { logsPage } from './logs-page.tsx';
import { promotionPages } from './promotions-page.tsx';
import { queueBoard } from './queue-board.ts';
import { queuePage } from './queue-page.tsx';
import { replicaPages } from './replicas.tsx';
import { runPages } from './runs.tsx';
import { settingsPages } from './settings-page.tsx';
import { webhookPages } from './webhook-page.tsx';
import { verificationPages } from './verifications-page.tsx';

/** Of several addresses each. */
const VIEWS = [
  ...[documentPages, conflictPages, findingPages, verificationPages, deletionPages, promotionPages],
  ...[notificationPages, channelForms, deliveriesPage],
  ...[logsPage, queuePage, queueBoard, settingsPages, keysPage, auditPage, webhookPages],
];

export function pageRoutes(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.route('/', dashboardPages(deps));
  routes.route('/replicas', replicaPages(deps));
  routes.route('/runs', runPages(deps));
  for (const views of VIEWS) routes.route('/', views(deps));
  return routes;
}
