import { Hono } from 'hono';
import { z } from 'zod';
import * as repo from '../../../shared/db/replicas.repo.ts';
import type { Replica } from '../../../shared/db/tables.ts';
import { QUIET_HOURS } from '../../../shared/domain/quiet-hours.ts';
import { addReplica, hygieneOf } from '../../../shared/replication/add-replica.ts';
import { pauseReplica, resumeReplica } from '../../../shared/replication/pause-replica.ts';
import { replicaNotFound, testKnownReplica, updateReplica } from '../../../shared/replication/update-replica.ts';
import type { ApiDeps } from '../deps.ts';
import { bodyOf, idOf, text } from '../input.ts';
import { presentReplicaRow, presentTest } from '../presenters/replicas.ts';

const name = text(100).trim().min(1, 'must not be empty');
const url = text(2000).trim().min(1, 'must not be empty');
// paperless' own tokens are 40 hex digits; longer ones are left to instances with other authenticators.
const token = text(500).trim().min(1, 'must not be empty');
const interval = z.int().min(10).max(2_592_000).nullable();

const quietHours = z
  .string()
  .regex(QUIET_HOURS, 'must look like 22:00-06:00')
  .refine((hours) => hours.slice(0, 5) !== hours.slice(6), 'must begin and end at different times');

const choices = {
  deletion_mode: z.enum(['keep', 'trash', 'delete']).optional(),
  replace_files_on_v2: z.boolean().optional(),
  unknown_owner: z.enum(['token_user', 'unowned', 'skip']).optional(),
  conflict_policy: z.enum(['master', 'person']).optional(),
  restore_held_back: z.boolean().optional(),
  quiet_hours: quietHours.nullable().optional(),
  requests_per_minute: z.int().min(1).max(60_000).nullable().optional(),
  max_bytes_per_second: z.int().min(16_384).max(1_000_000_000_000).nullable().optional(),
};
const newReplica = z.strictObject({
  name,
  url,
  api_token: token,
  enabled: z.boolean().default(true),
  sync_interval_seconds: interval.default(null),
  ...choices,
});
const changedReplica = z.strictObject({
  name: name.optional(),
  url: url.optional(),
  // Forms show the token as an empty field: empty means "as it is".
  api_token: text(500).trim().optional(),
  enabled: z.boolean().optional(),
  sync_interval_seconds: interval.optional(),
  ...choices,
});
const pause = z.strictObject({ reason: text(500).trim().min(1, 'must not be empty') });

/** In the words of the program; undefined stays undefined, which means "as it is". */
const choicesOf = (body: z.output<typeof changedReplica> | z.output<typeof newReplica>) => ({
  deletionMode: body.deletion_mode,
  replaceFilesOnV2: body.replace_files_on_v2,
  unknownOwner: body.unknown_owner,
  conflictPolicy: body.conflict_policy,
  restoreHeldBack: body.restore_held_back,
  quietHours: body.quiet_hours,
  requestsPerMinute: body.requests_per_minute,
  maxBytesPerSecond: body.max_bytes_per_second,
});

export function replicaRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.get('/', async (c) => c.json({ replicas: (await repo.listReplicas(deps.db)).map(presentReplicaRow) }));
  routes.post('/', async (c) => {
    const body = await bodyOf(c, newReplica);
    const { api_token: given, sync_interval_seconds: syncIntervalSeconds } = body;
    const input = { name: body.name, url: body.url, enabled: body.enabled, token: given, syncIntervalSeconds };
    const { replica, report } = await addReplica(deps, { ...input, ...choicesOf(body) }, c.req.raw.signal);
    deps.log.info(`Replica "${replica.name}" was added.`, { replicaId: replica.id });
    return c.json({ replica: presentReplicaRow(replica), test: presentTest(report) }, 201);
  });
  routes.get('/:id', async (c) => c.json({ replica: presentReplicaRow(await existing(deps, idOf(c))) }));
  routes.put('/:id', async (c) => {
    const body = await bodyOf(c, changedReplica);
    const { api_token: given, sync_interval_seconds: syncIntervalSeconds } = body;
    const input = { name: body.name, url: body.url, enabled: body.enabled, syncIntervalSeconds };
    const update = { ...input, ...choicesOf(body), token: given === '' ? undefined : given };
    const { replica, report } = await updateReplica(deps, idOf(c), update, c.req.raw.signal);
    deps.log.info(`Replica "${replica.name}" was changed: ${Object.keys(body).sort().join(', ')}.`, {
      replicaId: replica.id,
    });
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
  routes.post('/:id/pause', async (c) => {
    const { reason } = await bodyOf(c, pause);
    return c.json({ replica: presentReplicaRow(await pauseReplica(deps.closing, idOf(c), reason)) });
  });
  routes.post('/:id/resume', async (c) => c.json({ replica: presentReplicaRow(await resumeReplica(deps, idOf(c))) }));
}

async function existing(deps: ApiDeps, replicaId: number): Promise<Replica> {
  const replica = await repo.findReplica(deps.db, replicaId);
  if (replica === undefined) throw replicaNotFound(replicaId);
  return replica;
}
