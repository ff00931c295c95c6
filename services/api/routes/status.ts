import { Hono } from 'hono';
import type { ApiDeps } from '../deps.ts';
import { loadStatus } from '../presenters/status.ts';

export function statusRoutes(deps: ApiDeps): Hono {
  return new Hono().get('/status', async (c) => c.json(await loadStatus(deps)));
}
