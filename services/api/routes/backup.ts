import { Readable } from 'node:stream';
import { Hono } from 'hono';
import { backupName } from '../../../shared/replication/backup/backup-tick.ts';
import { backupStream } from '../../../shared/replication/backup/write-backup.ts';
import type { ApiDeps } from '../deps.ts';

/** The controller as one file, tokens still encrypted (C2). Whoever reads slowly holds a snapshot, not a lock. */
export function backupRoutes(deps: ApiDeps): Hono {
  return new Hono().get('/', async (c) => {
    const stream = await backupStream(deps);
    c.req.raw.signal.addEventListener('abort', () => stream.destroy(), { once: true });
    return c.body(Readable.toWeb(stream) as ReadableStream, 200, {
      'content-type': 'application/gzip',
      'content-disposition': `attachment; filename="${backupName(deps.clock.now())}"`,
      'cache-control': 'no-store',
    });
  });
}
