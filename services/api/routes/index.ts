/** Everything that answers programs, in one tree: what is served, and what the document describes. */
import type { ApiDeps } from '../deps.ts';
import { newRoutes, type Routes } from '../operation.ts';
import { auditRoutes } from './audit.ts';
import { backupRoutes } from './backup.ts';
import { conflictRoutes } from './conflicts.ts';
import { deletionRoutes, masterRoutes } from './deletions.ts';
import { docsRoutes } from './docs.tsx';
import { documentRoutes } from './documents.ts';
import { fidelityRoutes } from './fidelity.ts';
import { healthRoutes } from './health.ts';
import { hygieneRoutes } from './hygiene.ts';
import { jobRoutes } from './jobs.ts';
import { keyRoutes } from './keys.ts';
import { logRoutes } from './logs.ts';
import { metricsRoutes } from './metrics.ts';
import { notificationRoutes } from './notifications.ts';
import { progressRoutes } from './progress.ts';
import { promotionRoutes } from './promotions.ts';
import { reconcileRoutes } from './reconcile.ts';
import { replicaRoutes } from './replicas.ts';
import { runRoutes } from './runs.ts';
import { seedingRoutes } from './seeding.ts';
import { settingsRoutes } from './settings.ts';
import { statsRoutes } from './stats.ts';
import { statusRoutes } from './status.ts';
import { syncRoutes } from './sync.ts';
import { taxonomyRoutes } from './taxonomy.ts';
import { uploadRoutes } from './uploads.ts';
import { webhookRoutes } from './webhook.ts';
import { verificationRoutes } from './verifications.ts';

export function apiRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.route('/', healthRoutes(deps));
  routes.route('/', metricsRoutes(deps));
  routes.route('/api', statusRoutes(deps));
  routes.route('/api/sync', syncRoutes(deps));
  routes.route('/api/replicas', replicaRoutes(deps));
  routes.route('/api/replicas', deletionRoutes(deps));
  routes.route('/api/replicas', uploadRoutes(deps));
  routes.route('/api/replicas', taxonomyRoutes(deps));
  routes.route('/api/replicas', reconcileRoutes(deps));
  routes.route('/api/replicas', seedingRoutes(deps));
  routes.route('/api/master', masterRoutes(deps));
  routes.route('/api', promotionRoutes(deps));
  routes.route('/api', verificationRoutes(deps));
  routes.route('/api/settings', settingsRoutes(deps));
  routes.route('/api/logs', logRoutes(deps));
  routes.route('/api', runRoutes(deps));
  routes.route('/api/progress', progressRoutes(deps));
  routes.route('/api/fidelity', fidelityRoutes());
  routes.route('/api', hygieneRoutes(deps));
  routes.route('/api', documentRoutes(deps));
  routes.route('/api', conflictRoutes(deps));
  routes.route('/api/jobs', jobRoutes(deps));
  routes.route('/api/stats', statsRoutes(deps));
  routes.route('/api/backup', backupRoutes(deps));
  routes.route('/api/keys', keyRoutes(deps));
  routes.route('/api', notificationRoutes(deps));
  routes.route('/api/audit', auditRoutes(deps));
  routes.route('/api/webhook', webhookRoutes(deps));
  routes.route(
    '/api',
    docsRoutes(deps, () => routes),
  );
  return routes;
}
