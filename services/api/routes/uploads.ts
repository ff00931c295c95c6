import { Hono } from 'hono';
import { acknowledgeUploads } from '../../../shared/db/replicas.repo.ts';
import { replicaNotFound } from '../../../shared/replication/update-replica.ts';
import type { ApiDeps } from '../deps.ts';
import { idOf } from '../input.ts';
import { presentReplicaRow } from '../presenters/replicas.ts';

/** Uploads that wait for a person (H8). */
export function uploadRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.post('/:id/uploads/acknowledge', async (c) => {
    const replica = await acknowledgeUploads(deps.db, idOf(c));
    if (replica === undefined) throw replicaNotFound(idOf(c));
    deps.log.info(`Uploads to replica "${replica.name}" go on: someone has seen why they waited.`, {
      replicaId: replica.id,
      code: 'uploads_acknowledged',
    });
    return c.json({ replica: presentReplicaRow(replica) });
  });
  return routes;
}
