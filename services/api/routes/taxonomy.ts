import { Hono, type Context } from 'hono';
import { z } from 'zod';
import { findReplica } from '../../../shared/db/replicas.repo.ts';
import { LINK_KINDS } from '../../../shared/domain/taxonomy/vocabulary.ts';
import { masterNotConfigured } from '../../../shared/replication/instances.ts';
import { masterAccess } from '../../../shared/replication/load-settings.ts';
import { approveDeletion, chooseCounterpart, type Choice } from '../../../shared/replication/taxonomy/choose.ts';
import { viewTaxonomy } from '../../../shared/replication/taxonomy/read.ts';
import { replicaNotFound } from '../../../shared/replication/update-replica.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { bodyOf, idOf } from '../input.ts';
import { presentTaxonomy } from '../presenters/taxonomy.ts';

const kindOf = z.enum(LINK_KINDS);
const choice = z.union([
  z.strictObject({ replica_obj_id: z.int().positive().nullable() }),
  z.strictObject({ approve_deletion: z.literal(true) }),
]);

/** Below /api/replicas/{id}/taxonomy: what stands for what (E5). */
export function taxonomyRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.get('/:id/taxonomy', async (c) => {
    const { replica, reader, copies, signal } = await sides(c, deps);
    const { userId } = await copies.probe(signal);
    const source = { db: deps.db, replica, reader, writer: copies, signal, now: deps.clock.now() };
    return c.json(presentTaxonomy(await viewTaxonomy(source, userId, true)));
  });
  routes.post('/:id/taxonomy/:kind/:master_id', async (c) => {
    const kind = kindOf.safeParse(c.req.param('kind'));
    if (!kind.success) throw notFound(`The kind "${c.req.param('kind')}"`);
    const body = await bodyOf(c, choice);
    const asked: Choice = { db: deps.db, ...(await sides(c, deps)), kind: kind.data, masterId: idOf(c, 'master_id') };
    const link =
      'approve_deletion' in body ? await approveDeletion(asked) : await chooseCounterpart(asked, body.replica_obj_id);
    const { name, replicaId, state, detail } = link;
    deps.log.info(
      `On "${asked.replica.name}": a person decided about the ${kind.data.replaceAll('_', ' ')} "${name}".`,
      {
        replicaId: asked.replica.id,
        code: 'taxonomy_chosen',
      },
    );
    const decided = { kind: kind.data, master_id: asked.masterId, replica_obj_id: replicaId, name, state };
    return c.json({ ...decided, choice: detail.choice ?? null, approved: detail.approved === true });
  });
  return routes;
}

async function sides(c: Context, deps: ApiDeps) {
  const replica = await findReplica(deps.db, idOf(c));
  if (replica === undefined) throw replicaNotFound(idOf(c));
  const master = masterAccess(await deps.settings());
  if (master === null) throw masterNotConfigured();
  const access = { url: replica.url, token: deps.secrets.open(replica.api_token), target: replica.id };
  return {
    replica,
    reader: deps.clients.openReader(master),
    copies: deps.clients.openReader(access),
    signal: c.req.raw.signal,
  };
}
