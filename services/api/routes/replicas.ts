import { Hono } from 'hono';
import { z } from 'zod';
import * as repo from '../../../shared/db/replicas.repo.ts';
import type { Replica } from '../../../shared/db/tables.ts';
import { listDocuments } from '../../../shared/db/views.repo.ts';
import { PHASES } from '../../../shared/domain/document-state.ts';
import { addReplica, hygieneOf } from '../../../shared/replication/add-replica.ts';
import { replicaNotFound, testKnownReplica, updateReplica } from '../../../shared/replication/update-replica.ts';
import type { ApiDeps } from '../deps.ts';
import { bodyOf, id, idOf, pageSize, queryOf, text } from '../input.ts';
import { presentReplicaRow, presentTest } from '../presenters/replicas.ts';

const name = text(100).trim().min(1, 'must not be empty');
const url = text(2000).trim().min(1, 'must not be empty');
// paperless' own tokens are 40 hex digits; longer ones are left to instances with other authenticators.
const token = text(500).trim().min(1, 'must not be empty');
const interval = z.int().min(10).max(2_592_000).nullable();

const newReplica = z.strictObject({
  name,
  url,
  api_token: token,
  enabled: z.boolean().default(true),
  sync_interval_seconds: interval.default(null),
});
const changedReplica = z.strictObject({
  name: name.optional(),
  url: url.optional(),
  // Forms show the token as an empty field: empty means "as it is".
  api_token: text(500).trim().optional(),
  enabled: z.boolean().optional(),
  sync_interval_seconds: interval.optional(),
});
const documentQuery = z.strictObject({
  status: z.enum(['pending', 'ok', 'error']).optional(),
  phase: z.enum(PHASES).optional(),
  cursor: id.optional(),
  limit: pageSize(100, 1000),
});

export function replicaRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.get('/', async (c) => c.json({ replicas: (await repo.listReplicas(deps.db)).map(presentReplicaRow) }));
  routes.post('/', async (c) => {
    const body = await bodyOf(c, newReplica);
    const { api_token: given, sync_interval_seconds: syncIntervalSeconds, ...rest } = body;
    const { replica, report } = await addReplica(
      deps,
      { ...rest, token: given, syncIntervalSeconds },
      c.req.raw.signal,
    );
    deps.log.info(`Replica "${replica.name}" was added.`, { replicaId: replica.id });
    return c.json({ replica: presentReplicaRow(replica), test: presentTest(report) }, 201);
  });
  routes.get('/:id', async (c) => c.json({ replica: presentReplicaRow(await existing(deps, idOf(c))) }));
  routes.put('/:id', async (c) => {
    const { api_token: given, sync_interval_seconds: syncIntervalSeconds, ...rest } = await bodyOf(c, changedReplica);
    const update = { ...rest, token: given === '' ? undefined : given, syncIntervalSeconds };
    const { replica, report } = await updateReplica(deps, idOf(c), update, c.req.raw.signal);
    deps.log.info(`Replica "${replica.name}" was changed.`, { replicaId: replica.id });
    return c.json({ replica: presentReplicaRow(replica), test: report === null ? null : presentTest(report) });
  });
  routes.delete('/:id', async (c) => {
    const replica = await existing(deps, idOf(c));
    await repo.deleteReplica(deps.db, replica.id);
    deps.log.info(`Replica "${replica.name}" was removed; its instance was left as it is.`);
    return c.body(null, 204);
  });
  addVerbs(routes, deps);
  return routes;
}

function addVerbs(routes: Hono, deps: ApiDeps): void {
  routes.post('/:id/test', async (c) => {
    const replica = await existing(deps, idOf(c));
    const access = { url: replica.url, token: deps.secrets.open(replica.api_token), target: replica.id };
    const report = await testKnownReplica(deps, replica, access, c.req.raw.signal);
    if (report.ok) await repo.updateReplica(deps.db, replica.id, hygieneOf(report, deps.clock.now()));
    return c.json(presentTest(report));
  });
  routes.post('/:id/unsuspend', async (c) => {
    const replica = await repo.unsuspendReplica(deps.db, idOf(c));
    if (replica === undefined) throw replicaNotFound(idOf(c));
    deps.log.info(`Replica "${replica.name}" was enabled again.`, { replicaId: replica.id });
    return c.json({ replica: presentReplicaRow(replica) });
  });
  routes.get('/:id/documents', async (c) => {
    const { status, phase, cursor, limit } = queryOf(c, documentQuery);
    const replica = await existing(deps, idOf(c));
    const documents = await listDocuments(deps.db, { replicaId: replica.id, status, phase }, { after: cursor, limit });
    const last = documents.length === limit ? documents.at(-1) : undefined;
    return c.json({ documents, next_cursor: last === undefined ? null : String(last.master_doc_id) });
  });
}

async function existing(deps: ApiDeps, replicaId: number): Promise<Replica> {
  const replica = await repo.findReplica(deps.db, replicaId);
  if (replica === undefined) throw replicaNotFound(replicaId);
  return replica;
}
