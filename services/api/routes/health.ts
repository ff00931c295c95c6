import type { ApiDeps, HealthCheck } from '../deps.ts';
import { answer, newRoutes, operation, type Routes } from '../operation.ts';
import { health, readiness } from '../schemas/control.ts';

/** Shorter than any monitor's own limit, so that a hanging database is told apart from a hanging controller. */
const CHECK_TIMEOUT_MS = 3000;

const tags = ['Monitoring'];
const getHealth = operation({
  method: 'get',
  path: '/healthz',
  operationId: 'getHealth',
  summary: 'Whether the controller itself works; an instance that is down does not change it',
  tags,
  security: [],
  responses: { 200: answer('It works.', health), 503: answer('A part of it does not answer.', health) },
});
const getReadiness = operation({
  method: 'get',
  path: '/readyz',
  operationId: 'getReadiness',
  summary: 'Whether this process wants requests',
  tags,
  security: [],
  responses: { 200: answer('It does.', readiness), 503: answer('It does not.', readiness) },
});

/** Never 503 because an instance is down: a restart of the controller would not bring it back (O1). */
export function healthRoutes(deps: Pick<ApiDeps, 'health' | 'draining'>): Routes {
  const routes = newRoutes();
  routes.openapi(getHealth, async (c) => {
    const { ok, results } = await checkAll(deps.health);
    return ok
      ? c.json({ status: 'ok' as const, ...results }, 200)
      : c.json({ status: 'error' as const, ...results }, 503);
  });
  routes.openapi(getReadiness, async (c) => {
    if (deps.draining()) return c.json({ status: 'draining' as const }, 503);
    const { ok, results } = await checkAll(deps.health);
    const status = ok ? ('ready' as const) : ('not_ready' as const);
    return ok ? c.json({ status, ...results }, 200) : c.json({ status, ...results }, 503);
  });
  return routes;
}

async function checkAll(checks: readonly HealthCheck[]) {
  const entries = await Promise.all(checks.map(async (check) => [check.name, await outcome(check)] as const));
  return {
    ok: entries.every(([, result]) => result === 'ok'),
    results: Object.fromEntries(entries) as Record<HealthCheck['name'], 'ok' | 'error'>,
  };
}

async function outcome(check: HealthCheck): Promise<'ok' | 'error'> {
  const { promise: late, resolve } = Promise.withResolvers<'error'>();
  const timer = setTimeout(() => resolve('error'), CHECK_TIMEOUT_MS);
  const answer = check.check().then(
    () => 'ok' as const,
    () => 'error' as const,
  );
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
