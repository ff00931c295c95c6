import { Hono } from 'hono';
import type { ApiDeps } from '../deps.ts';

export function metricsRoutes({ metrics }: Pick<ApiDeps, 'metrics'>): Hono {
  return new Hono().get('/metrics', async (c) => {
    const text = await metrics.render();
    c.header('Content-Type', metrics.contentType);
    return c.body(text);
  });
}
