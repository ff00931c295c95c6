import { Readable } from 'node:stream';
import { z } from '@hono/zod-openapi';
import { backupName } from '../../../shared/replication/backup/backup-tick.ts';
import { backupStream } from '../../../shared/replication/backup/write-backup.ts';
import type { ApiDeps } from '../deps.ts';
import { newRoutes, operation, type Routes } from '../operation.ts';

const getBackup = operation({
  method: 'get',
  path: '/',
  operationId: 'downloadBackup',
  summary: 'The controller as one file, tokens still encrypted; `pngx-controller restore` reads it',
  tags: ['Controller'],
  responses: {
    200: {
      description: 'The backup.',
      content: { 'application/gzip': { schema: z.string().openapi({ format: 'binary' }) } },
    },
  },
  problems: [422],
});

/** Whoever reads slowly holds a snapshot, not a lock (C2). */
export function backupRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getBackup, async (c) => {
    const stream = await backupStream(deps);
    c.req.raw.signal.addEventListener('abort', () => stream.destroy(), { once: true });
    return c.body(Readable.toWeb(stream) as ReadableStream, 200, {
      'content-type': 'application/gzip',
      'content-disposition': `attachment; filename="${backupName(deps.clock.now())}"`,
      'cache-control': 'no-store',
    });
  });
  return routes;
}
