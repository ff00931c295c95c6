import { Hono } from 'hono';
import type { ApiDeps, HealthCheck } from '../deps.ts';

/** Shorter than any monitor's own limit, so that a hanging database is told apart from a hanging controller. */
const CHECK_TIMEOUT_MS = 3000;

/** Never 503 because an instance is down: a restart of the controller would not bring it back (O1). */
export function healthRoutes(deps: Pick<ApiDeps, 'health' | 'draining'>): Hono {
  const routes = new Hono();
  routes.get('/healthz', async (c) => {
    const parts = await checkAll(deps.health);
    return c.json({ status: parts.ok ? 'ok' : 'error', ...parts.results }, parts.ok ? 200 : 503);
  });
  routes.get('/readyz', async (c) => {
    if (deps.draining()) return c.json({ status: 'draining' }, 503);
    const parts = await checkAll(deps.health);
    return c.json({ status: parts.ok ? 'ready' : 'not_ready', ...parts.results }, parts.ok ? 200 : 503);
  });
  return routes;
}

async function checkAll(checks: readonly HealthCheck[]) {
  const entries = await Promise.all(checks.map(async (check) => [check.name, await outcome(check)] as const));
  return { ok: entries.every(([, result]) => result === 'ok'), results: Object.fromEntries(entries) };
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
