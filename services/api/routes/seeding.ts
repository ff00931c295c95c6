import { endSeeding, seedingOf, startSeeding } from '../../../shared/replication/seeding.ts';
import type { ApiDeps } from '../deps.ts';
import { existingReplica } from '../existing.ts';
import { idParam } from '../input.ts';
import { answer, ASKS_INSTANCES, newRoutes, operation, type Routes } from '../operation.ts';
import { seeding } from '../schemas/reconcile.ts';

const described = <M extends 'get' | 'post' | 'delete', I extends string>(method: M, operationId: I, summary: string) =>
  operation({
    method,
    path: '/{id}/seeding',
    operationId,
    summary,
    tags: ['Seeding'],
    request: { params: idParam },
    responses: { 200: answer('How far it is, and the next steps.', seeding) },
    problems: [409, ...ASKS_INSTANCES],
  });
const getSeeding = described('get', 'getSeeding', 'How far the first filling of a replica by an export is');
const postSeeding = described(
  'post',
  'startSeeding',
  'Hold a replica until an export of the master was imported there',
);
const deleteSeeding = described('delete', 'endSeeding', 'Give seeding up');

/** Filling a replica by export and import before the first cycle; under /api/replicas. */
export function seedingRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  const shown = async (id: number, signal: AbortSignal) => ({
    seeding: await seedingOf(deps, await existingReplica(deps.db, id), signal),
  });
  routes.openapi(getSeeding, async (c) => c.json(await shown(c.req.valid('param').id, c.req.raw.signal), 200));
  routes.openapi(postSeeding, async (c) => {
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    await startSeeding(deps, replica, deps.clock.now());
    deps.log.info(`Replica "${replica.name}" is held for seeding.`, { replicaId: replica.id });
    return c.json(await shown(replica.id, c.req.raw.signal), 200);
  });
  routes.openapi(deleteSeeding, async (c) => {
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    await endSeeding(deps, replica, 'up');
    deps.log.info(`Seeding of replica "${replica.name}" was given up.`, { replicaId: replica.id });
    return c.json(await shown(replica.id, c.req.raw.signal), 200);
  });
  return routes;
}
