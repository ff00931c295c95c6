import { z } from '@hono/zod-openapi';
import * as repo from '../../../shared/db/replicas.repo.ts';
import { QUIET_HOURS } from '../../../shared/domain/quiet-hours.ts';
import { addReplica, hygieneOf } from '../../../shared/replication/add-replica.ts';
import { pauseReplica, resumeReplica } from '../../../shared/replication/pause-replica.ts';
import { replicaNotFound, testKnownReplica, updateReplica } from '../../../shared/replication/update-replica.ts';
import type { ApiDeps } from '../deps.ts';
import { existingReplica } from '../existing.ts';
import { idParam, text } from '../input.ts';
import { answer, ASKS_INSTANCES, jsonBody, newRoutes, operation, type Routes } from '../operation.ts';
import { presentReplicaRow, presentTest } from '../presenters/replicas.ts';
import * as schemas from '../schemas/replicas.ts';

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
  deletion_mode: z.enum(schemas.DELETION_MODES).optional(),
  replace_files_on_v2: z.boolean().optional(),
  unknown_owner: z.enum(schemas.UNKNOWN_OWNERS).optional(),
  conflict_policy: z.enum(schemas.CONFLICT_POLICIES).optional(),
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

const tags = ['Replicas'];
const request = { params: idParam };
const getReplicas = operation({
  method: 'get',
  path: '/',
  operationId: 'listReplicas',
  summary: 'All replicas',
  tags,
  responses: { 200: answer('The replicas.', schemas.replicaList) },
});
const postReplica = operation({
  method: 'post',
  path: '/',
  operationId: 'addReplica',
  summary: 'Add a replica; nothing is saved unless a test of the connection goes well',
  tags,
  request: { body: jsonBody(newReplica) },
  responses: { 201: answer('The replica, and the test.', schemas.addedReplica) },
  problems: [409, 429],
});
const getReplica = operation({
  method: 'get',
  path: '/{id}',
  operationId: 'getReplica',
  summary: 'One replica',
  tags,
  request,
  responses: { 200: answer('The replica.', schemas.oneReplica) },
});
const putReplica = operation({
  method: 'put',
  path: '/{id}',
  operationId: 'updateReplica',
  summary: 'Change what is given; another address or token is tested first',
  tags,
  request: { params: idParam, body: jsonBody(changedReplica) },
  responses: { 200: answer('The replica, and the test if one was made.', schemas.changedReplica) },
  problems: [409, 429],
});
const deleteReplica = operation({
  method: 'delete',
  path: '/{id}',
  operationId: 'removeReplica',
  summary: 'Forget a replica and its links; its instance is left as it is',
  tags,
  request,
  responses: { 204: { description: 'It is forgotten.' } },
});

/** Under /api/replicas. */
export function replicaRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getReplicas, async (c) =>
    c.json({ replicas: (await repo.listReplicas(deps.db)).map(presentReplicaRow) }, 200),
  );
  routes.openapi(postReplica, async (c) => {
    const body = c.req.valid('json');
    const { api_token: given, sync_interval_seconds: syncIntervalSeconds } = body;
    const input = { name: body.name, url: body.url, enabled: body.enabled, token: given, syncIntervalSeconds };
    const { replica, report } = await addReplica(deps, { ...input, ...choicesOf(body) }, c.req.raw.signal);
    deps.log.info(`Replica "${replica.name}" was added.`, { replicaId: replica.id });
    return c.json({ replica: presentReplicaRow(replica), test: presentTest(report) }, 201);
  });
  routes.openapi(getReplica, async (c) =>
    c.json({ replica: presentReplicaRow(await existingReplica(deps.db, c.req.valid('param').id)) }, 200),
  );
  routes.openapi(putReplica, async (c) => {
    const body = c.req.valid('json');
    const { api_token: given, sync_interval_seconds: syncIntervalSeconds } = body;
    const input = { name: body.name, url: body.url, enabled: body.enabled, syncIntervalSeconds };
    const update = { ...input, ...choicesOf(body), token: given === '' ? undefined : given };
    const { replica, report } = await updateReplica(deps, c.req.valid('param').id, update, c.req.raw.signal);
    deps.log.info(`Replica "${replica.name}" was changed: ${Object.keys(body).sort().join(', ')}.`, {
      replicaId: replica.id,
    });
    return c.json({ replica: presentReplicaRow(replica), test: report === null ? null : presentTest(report) }, 200);
  });
  routes.openapi(deleteReplica, async (c) => {
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    await repo.deleteReplica(deps.db, replica.id);
    deps.log.info(`Replica "${replica.name}" was removed; its instance was left as it is.`);
    return c.body(null, 204);
  });
  addVerbs(routes, deps);
  return routes;
}

const postTest = operation({
  method: 'post',
  path: '/{id}/test',
  operationId: 'testReplica',
  summary: 'Test the connection, step by step',
  tags,
  request,
  responses: { 200: answer('How it went; a failed step is no error of the request.', schemas.connectionTest) },
  problems: ASKS_INSTANCES,
});
const postUnsuspend = operation({
  method: 'post',
  path: '/{id}/unsuspend',
  operationId: 'unsuspendReplica',
  summary: 'Enable a replica again that was suspended after failing too often',
  tags,
  request,
  responses: { 200: answer('The replica as it is now.', schemas.oneReplica) },
});
const postPause = operation({
  method: 'post',
  path: '/{id}/pause',
  operationId: 'pauseReplica',
  summary: 'Leave a replica out of cycles until it is resumed',
  tags,
  request: { params: idParam, body: jsonBody(pause) },
  responses: { 200: answer('The replica as it is now.', schemas.oneReplica) },
  problems: [409],
});
const postResume = operation({
  method: 'post',
  path: '/{id}/resume',
  operationId: 'resumeReplica',
  summary: 'Take a paused replica into cycles again',
  tags,
  request,
  responses: { 200: answer('The replica as it is now.', schemas.oneReplica) },
  problems: [409],
});

function addVerbs(routes: Routes, deps: ApiDeps): void {
  routes.openapi(postTest, async (c) => {
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    const access = { url: replica.url, token: deps.secrets.open(replica.api_token), target: replica.id };
    const report = await testKnownReplica(deps, replica, access, c.req.raw.signal);
    if (report.ok) await repo.updateReplica(deps.db, replica.id, hygieneOf(report, deps.clock.now()));
    return c.json(presentTest(report), 200);
  });
  routes.openapi(postUnsuspend, async (c) => {
    const { id } = c.req.valid('param');
    const replica = await repo.unsuspendReplica(deps.db, id);
    if (replica === undefined) throw replicaNotFound(id);
    deps.log.info(`Replica "${replica.name}" was enabled again.`, { replicaId: replica.id });
    return c.json({ replica: presentReplicaRow(replica) }, 200);
  });
  routes.openapi(postPause, async (c) => {
    const { reason } = c.req.valid('json');
    return c.json(
      { replica: presentReplicaRow(await pauseReplica(deps.closing, c.req.valid('param').id, reason)) },
      200,
    );
  });
  routes.openapi(postResume, async (c) =>
    c.json({ replica: presentReplicaRow(await resumeReplica(deps, c.req.valid('param').id)) }, 200),
  );
}
