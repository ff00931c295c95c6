import { masterState } from '../../../shared/db/master.repo.ts';
import { listReplicas } from '../../../shared/db/replicas.repo.ts';
import {
  checkMasterHygiene,
  checkReplicaHygiene,
  storedHygiene,
  type HygieneReport,
} from '../../../shared/replication/check-hygiene.ts';
import { masterNotConfigured } from '../../../shared/replication/instances.ts';
import type { ApiDeps } from '../deps.ts';
import { existingReplica } from '../existing.ts';
import { idParam } from '../input.ts';
import { answer, ASKS_INSTANCES, newRoutes, operation, type Routes } from '../operation.ts';
import { hygieneOfAll, hygieneReport } from '../schemas/replicas.ts';

const tags = ['Hygiene'];
const getHygiene = operation({
  method: 'get',
  path: '/hygiene',
  operationId: 'getHygiene',
  summary: 'What the last looks at the set-up of all instances found',
  tags,
  responses: { 200: answer('Of every instance.', hygieneOfAll) },
});
const getOfMaster = operation({
  method: 'get',
  path: '/master/hygiene',
  operationId: 'checkMaster',
  summary: 'Look at the set-up of the master now',
  tags,
  responses: { 200: answer('What was found.', hygieneReport) },
  problems: [404, 409, ...ASKS_INSTANCES],
});
const getOfReplica = operation({
  method: 'get',
  path: '/replicas/{id}/hygiene',
  operationId: 'checkReplica',
  summary: 'Look at the set-up of a replica now',
  tags,
  request: { params: idParam },
  responses: { 200: answer('What was found.', hygieneReport) },
  problems: [409, ...ASKS_INSTANCES],
});

/** How the instances are set up (E25): a fresh look at one, or what the last looks found. */
export function hygieneRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getHygiene, async (c) => {
    const [master, replicas] = await Promise.all([masterState(deps.db), listReplicas(deps.db)]);
    const all = replicas.map((row) => ({ id: row.id, name: row.name, ...present(storedHygiene(row)) }));
    return c.json({ master: present(storedHygiene(master)), replicas: all }, 200);
  });
  routes.openapi(getOfMaster, async (c) => {
    const report = await checkMasterHygiene(deps, c.req.raw.signal);
    if (report === null) throw masterNotConfigured();
    return c.json(present(report), 200);
  });
  routes.openapi(getOfReplica, async (c) => {
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    return c.json(present(await checkReplicaHygiene(deps, replica, c.req.raw.signal)), 200);
  });
  return routes;
}

function present({ checkedAt, findings }: HygieneReport) {
  return { checked_at: checkedAt, ok: !findings.some(({ severity }) => severity === 'danger'), findings };
}
