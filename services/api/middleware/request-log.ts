import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import { runWithContext } from '../../../shared/telemetry/context.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';

/** Monitors ask every few seconds; their lines would bury all others. */
const QUIET = new Set(['/healthz', '/readyz', '/metrics']);
const GIVEN_ID = /^[\w.-]{1,64}$/;

/** One wide line a request. The query stays out: a search text may hold anything. */
export function requestLog(deps: Pick<ApiDeps, 'log' | 'clock' | 'randomHex'>) {
  return createMiddleware<GateVariables>(async (c, next) => {
    const given = c.req.header('x-request-id');
    const requestId = given !== undefined && GIVEN_ID.test(given) ? given : deps.randomHex(8);
    c.set('requestId', requestId);
    const began = deps.clock.monotonic();
    await runWithContext({ request_id: requestId }, next);
    c.header('X-Request-Id', requestId);
    const failed = c.res.status >= 500;
    if (QUIET.has(c.req.path) && !failed) return;
    const fields = {
      event: 'request',
      requestId,
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      ms: Math.round(deps.clock.monotonic() - began),
    };
    const line = `${fields.method} ${fields.route} ${fields.status}`;
    if (failed) deps.log.error(line, fields);
    else deps.log.info(line, fields);
  });
}
