/** The HTTP side put together: who may come in, in what order, and what an error looks like. */
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { AppError } from '../../shared/kernel/errors.ts';
import { assetRoutes } from './assets.ts';
import type { ApiDeps } from './deps.ts';
import { errorResponse, notFound, statusOf } from './http-error.ts';
import { audit } from './gate/audit.ts';
import { gate } from './gate/gate.ts';
import type { GateContext, GateVariables } from './gate/visitor.ts';
import { requestLog } from './middleware/request-log.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { doorPages } from './pages/door-pages.tsx';
import { renderError, wantsPage } from './pages/page.tsx';
import { statusPage } from './pages/status-page.tsx';
import { deletionRoutes, masterRoutes } from './routes/deletions.ts';
import { backupRoutes } from './routes/backup.ts';
import { conflictRoutes } from './routes/conflicts.ts';
import { documentRoutes } from './routes/documents.ts';
import { fidelityRoutes } from './routes/fidelity.ts';
import { healthRoutes } from './routes/health.ts';
import { hygieneRoutes } from './routes/hygiene.ts';
import { jobRoutes } from './routes/jobs.ts';
import { keyRoutes } from './routes/keys.ts';
import { logRoutes } from './routes/logs.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { progressRoutes } from './routes/progress.ts';
import { reconcileRoutes } from './routes/reconcile.ts';
import { replicaRoutes } from './routes/replicas.ts';
import { runRoutes } from './routes/runs.ts';
import { settingsRoutes } from './routes/settings.ts';
import { statsRoutes } from './routes/stats.ts';
import { statusRoutes } from './routes/status.ts';
import { syncRoutes } from './routes/sync.ts';
import { taxonomyRoutes } from './routes/taxonomy.ts';
import { findingRoutes, replicaVerificationRoutes, verificationRoutes, verifyRoutes } from './routes/verifications.ts';
import { uploadRoutes } from './routes/uploads.ts';

/** No body of ours is larger than a page of settings. */
const MAX_BODY = 64 * 1024;

export function createApp(deps: ApiDeps): Hono<GateVariables> {
  const app = new Hono<GateVariables>().basePath(deps.basePath);
  app.use(requestLog(deps));
  app.use(securityHeaders());
  app.use(gate(deps));
  app.use(audit(deps));
  app.use(bodyLimit({ maxSize: MAX_BODY, onError: () => tooLarge() }));

  app.route('/', healthRoutes(deps));
  app.route('/', metricsRoutes(deps));
  app.route('/assets', assetRoutes());
  app.route('/', doorPages(deps));
  app.route('/', statusPage(deps));
  app.route('/api', statusRoutes(deps));
  app.route('/api/sync', syncRoutes(deps));
  app.route('/api/replicas', replicaRoutes(deps));
  app.route('/api/replicas', replicaVerificationRoutes(deps));
  app.route('/api/replicas', deletionRoutes(deps));
  app.route('/api/master', masterRoutes(deps));
  app.route('/api/verify', verifyRoutes(deps));
  app.route('/api/verifications', verificationRoutes(deps));
  app.route('/api/findings', findingRoutes(deps));
  app.route('/api/replicas', uploadRoutes(deps));
  app.route('/api/replicas', taxonomyRoutes(deps));
  app.route('/api/replicas', reconcileRoutes(deps));
  app.route('/api/settings', settingsRoutes(deps));
  app.route('/api/logs', logRoutes(deps));
  app.route('/api/runs', runRoutes(deps));
  app.route('/api/progress', progressRoutes(deps));
  app.route('/api/fidelity', fidelityRoutes());
  app.route('/api', hygieneRoutes(deps));
  app.route('/api', documentRoutes(deps));
  app.route('/api/conflicts', conflictRoutes(deps));
  app.route('/api/jobs', jobRoutes(deps));
  app.route('/api/stats', statsRoutes(deps));
  app.route('/api/backup', backupRoutes(deps));
  app.route('/api/keys', keyRoutes(deps));

  const failed = (c: GateContext, error: unknown) =>
    wantsPage(c, deps.basePath) ? renderError(c, deps, error) : errorResponse(c, error, c.get('requestId'));
  app.notFound((c) => failed(c, notFound(`The address ${c.req.path}`)));
  app.onError((error, c) => {
    const requestId = c.get('requestId');
    if (!(error instanceof AppError) || statusOf(error) === 500)
      deps.log.error(`A request failed: ${error.message}`, { requestId, error: error.stack ?? error.name });
    return failed(c, error);
  });
  return app;
}

function tooLarge(): never {
  throw new AppError({
    code: 'body_too_large',
    class: 'too-large',
    message: `The body is larger than ${MAX_BODY} bytes.`,
  });
}
