import { z } from '@hono/zod-openapi';
import { masterNotConfigured } from '../../../shared/replication/instances.ts';
import { masterAccess } from '../../../shared/replication/load-settings.ts';
import { approveDeletion, chooseCounterpart, type Choice } from '../../../shared/replication/taxonomy/choose.ts';
import { viewTaxonomy } from '../../../shared/replication/taxonomy/read.ts';
import type { ApiDeps } from '../deps.ts';
import { existingReplica } from '../existing.ts';
import { id, idParam } from '../input.ts';
import { answer, ASKS_INSTANCES, jsonBody, newRoutes, operation, type Routes } from '../operation.ts';
import { presentTaxonomy } from '../presenters/taxonomy.ts';
import * as schemas from '../schemas/taxonomy.ts';

const choice = z.union([
  z.strictObject({ replica_obj_id: z.int().positive().nullable() }),
  z.strictObject({ approve_deletion: z.literal(true) }),
]);
const tags = ['Taxonomy'];
const getTaxonomy = operation({
  method: 'get',
  path: '/{id}/taxonomy',
  operationId: 'getTaxonomy',
  summary: 'What stands for what on a replica, what cannot be told, and what is left alone',
  tags,
  request: { params: idParam },
  responses: { 200: answer('The taxonomy.', schemas.taxonomy) },
  problems: [409, ...ASKS_INSTANCES],
});
const postChoice = operation({
  method: 'post',
  path: '/{id}/taxonomy/{kind}/{master_id}',
  operationId: 'chooseCounterpart',
  summary: "Choose what stands for the master's object, or allow a deletion that is held",
  tags,
  request: { params: z.object({ id, kind: schemas.kind, master_id: id }), body: jsonBody(choice) },
  responses: { 200: answer('What was decided.', schemas.taxonomyChoice) },
  problems: [409, ...ASKS_INSTANCES],
});

/** Below /api/replicas/{id}/taxonomy: what stands for what (E5). */
export function taxonomyRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getTaxonomy, async (c) => {
    const { replica, reader, copies, signal } = await sides(deps, c.req.valid('param').id, c.req.raw.signal);
    const { userId } = await copies.probe(signal);
    const source = { db: deps.db, replica, reader, writer: copies, signal, now: deps.clock.now() };
    return c.json(presentTaxonomy(await viewTaxonomy(source, userId, true)), 200);
  });
  routes.openapi(postChoice, async (c) => {
    const { id: replicaId, kind, master_id: masterId } = c.req.valid('param');
    const body = c.req.valid('json');
    const where = await sides(deps, replicaId, c.req.raw.signal);
    const asked: Choice = { db: deps.db, ...where, kind, masterId };
    const link =
      'approve_deletion' in body ? await approveDeletion(asked) : await chooseCounterpart(asked, body.replica_obj_id);
    const what = `the ${kind.replaceAll('_', ' ')} "${link.name}"`;
    deps.log.info(`On "${asked.replica.name}": a person decided about ${what}.`, {
      replicaId: asked.replica.id,
      code: 'taxonomy_chosen',
    });
    const { name, state, detail } = link;
    const decided = { kind, master_id: masterId, replica_obj_id: link.replicaId, name, state };
    return c.json({ ...decided, choice: detail.choice ?? null, approved: detail.approved === true }, 200);
  });
  return routes;
}

async function sides(deps: ApiDeps, replicaId: number, signal: AbortSignal) {
  const replica = await existingReplica(deps.db, replicaId);
  const master = masterAccess(await deps.settings());
  if (master === null) throw masterNotConfigured();
  const access = { url: replica.url, token: deps.secrets.open(replica.api_token), target: replica.id };
  return {
    replica,
    reader: deps.clients.openReader(master),
    copies: deps.clients.openReader(access),
    signal,
  };
}
