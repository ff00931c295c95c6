/** The HTTP side put together: who may come in, in what order, and what an error looks like. */
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { AppError } from '../../shared/kernel/errors.ts';
import { assetRoutes } from './assets.ts';
import type { ApiDeps } from './deps.ts';
import { errorResponse, malformed, notFound, statusOf } from './http-error.ts';
import { audit } from './gate/audit.ts';
import { gate } from './gate/gate.ts';
import type { GateContext, GateVariables } from './gate/visitor.ts';
import { requestLog } from './middleware/request-log.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { doorPages } from './pages/door-pages.tsx';
import { renderError, wantsPage } from './pages/page.tsx';
import { pageRoutes } from './pages/index.ts';
import { apiRoutes } from './routes/index.ts';
import { webhookIntake } from './routes/webhook-intake.ts';

/** No body of ours is larger than a page of settings. */
const MAX_BODY = 64 * 1024;

export function createApp(deps: ApiDeps): Hono<GateVariables> {
  const app = new Hono<GateVariables>().basePath(deps.basePath);
  app.use(requestLog(deps));
  app.use(securityHeaders());
  app.use(gate(deps));
  app.use(audit(deps));
  app.use(bodyLimit({ maxSize: MAX_BODY, onError: () => tooLarge() }));

  app.route('/assets', assetRoutes());
  app.route('/', webhookIntake(deps));
  app.route('/', doorPages(deps));
  app.route('/', pageRoutes(deps));
  app.route('/', apiRoutes(deps));

  const failed = (c: GateContext, error: unknown) =>
    wantsPage(c, deps.basePath) ? renderError(c, deps, error) : errorResponse(c, error, c.get('requestId'));
  app.notFound((c) => failed(c, notFound(`The address ${c.req.path}`)));
  app.onError((thrown, c) => {
    const requestId = c.get('requestId');
    const error = thrown instanceof HTTPException ? unreadable(thrown) : thrown;
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

/** Thrown before a body is parsed: what it is declared as, or its JSON. */
function unreadable({ status }: HTTPException): AppError {
  // A form of a foreign page can send text/plain without asking; it cannot send this (S2).
  return malformed(
    status === 415 ? 'The body must be JSON (Content-Type: application/json).' : 'The body is not valid JSON.',
  );
}
