import { Hono } from 'hono';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { queryOf } from '../input.ts';

/** As GET /api/sync/running, again whenever it changes. */
export function progressRoutes(deps: ApiDeps): Hono {
  return new Hono().get('/stream', (c) => {
    queryOf(c, z.strictObject({}));
    return deps.live.progress(c);
  });
}
