import { Hono } from 'hono';
import { masterState } from '../../../shared/db/master.repo.ts';
import { findReplica, listReplicas } from '../../../shared/db/replicas.repo.ts';
import {
  checkMasterHygiene,
  checkReplicaHygiene,
  storedHygiene,
  type HygieneReport,
} from '../../../shared/replication/check-hygiene.ts';
import { replicaNotFound } from '../../../shared/replication/update-replica.ts';
import type { ApiDeps } from '../deps.ts';
import { masterNotConfigured } from '../../../shared/replication/instances.ts';
import { idOf } from '../input.ts';

/** How the instances are set up (E25): a fresh look at one, or what the last looks found. */
export function hygieneRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.get('/hygiene', async (c) => {
    const [master, replicas] = await Promise.all([masterState(deps.db), listReplicas(deps.db)]);
    return c.json({
      master: present(storedHygiene(master)),
      replicas: replicas.map((row) => ({ id: row.id, name: row.name, ...present(storedHygiene(row)) })),
    });
  });
  routes.get('/master/hygiene', async (c) => {
    const report = await checkMasterHygiene(deps, c.req.raw.signal);
    if (report === null) throw masterNotConfigured();
    return c.json(present(report));
  });
  routes.get('/replicas/:id/hygiene', async (c) => {
    const replica = await findReplica(deps.db, idOf(c));
    if (replica === undefined) throw replicaNotFound(idOf(c));
    return c.json(present(await checkReplicaHygiene(deps, replica, c.req.raw.signal)));
  });
  return routes;
}

function present({ checkedAt, findings }: HygieneReport) {
  return { checked_at: checkedAt, ok: !findings.some(({ severity }) => severity === 'danger'), findings };
}
