import { acknowledgeUploads } from '../../../shared/db/replicas.repo.ts';
import { replicaNotFound } from '../../../shared/replication/update-replica.ts';
import type { ApiDeps } from '../deps.ts';
import { idParam } from '../input.ts';
import { answer, newRoutes, operation, type Routes } from '../operation.ts';
import { presentReplicaRow } from '../presenters/replicas.ts';
import { oneReplica } from '../schemas/replicas.ts';

const postAcknowledge = operation({
  method: 'post',
  path: '/{id}/uploads/acknowledge',
  operationId: 'acknowledgeUploads',
  summary: 'Let uploads go on that wait for a person',
  tags: ['Replicas'],
  request: { params: idParam },
  responses: { 200: answer('The replica as it is now.', oneReplica) },
});

/** Uploads that wait for a person (H8). */
export function uploadRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(postAcknowledge, async (c) => {
    const { id } = c.req.valid('param');
    const replica = await acknowledgeUploads(deps.db, id);
    if (replica === undefined) throw replicaNotFound(id);
    deps.log.info(`Uploads to replica "${replica.name}" go on: someone has seen why they waited.`, {
      replicaId: replica.id,
      code: 'uploads_acknowledged',
    });
    return c.json({ replica: presentReplicaRow(replica) }, 200);
  });
  return routes;
}
