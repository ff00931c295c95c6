/** Under /api: where people are told of troubles, what was told, and what not (N1-N3). */
import { z } from '@hono/zod-openapi';
import { listSilences } from '../../../shared/db/channels.repo.ts';
import { countUndelivered, listDeliveries } from '../../../shared/db/deliveries.repo.ts';
import { addChannel, removeChannel, updateChannel } from '../../../shared/replication/notify/channels.ts';
import { sendDigest } from '../../../shared/replication/notify/digest.ts';
import { retryDelivery } from '../../../shared/replication/notify/retry-delivery.ts';
import { sendTest } from '../../../shared/replication/notify/send-test.ts';
import { endSilence, silence } from '../../../shared/replication/notify/silences.ts';
import type { ApiDeps } from '../deps.ts';
import { existingChannel } from '../existing.ts';
import { actorOf } from '../gate/visitor.ts';
import { cursorAfter, flag, id, idParam, pageSize } from '../input.ts';
import { answer, jsonBody, newRoutes, operation, type Routes } from '../operation.ts';
import { listPresented, noneWorks, presentChannel } from '../presenters/notifications.ts';
import * as shapes from '../schemas/notifications.ts';

const tags = ['Notifications'];
const deliveryParam = z.object({ delivery: id });
const silenceParam = z.object({ silence: id });

const getChannels = operation({
  ...{ method: 'get', path: '/notifications', operationId: 'listChannels', tags },
  summary: 'All channels with their state, without addresses and tokens that open them',
  responses: { 200: answer('The channels.', shapes.channelList) },
});
const postChannel = operation({
  ...{ method: 'post', path: '/notifications', operationId: 'addChannel', tags },
  summary: 'Add a channel; nothing is sent until something happens',
  request: { body: jsonBody(shapes.newChannel) },
  responses: { 201: answer('The channel.', shapes.oneChannel) },
  problems: [409],
});
const getChannel = operation({
  ...{ method: 'get', path: '/notifications/{id}', operationId: 'getChannel', tags },
  summary: 'One channel',
  request: { params: idParam },
  responses: { 200: answer('The channel.', shapes.oneChannel) },
});
const putChannel = operation({
  ...{ method: 'put', path: '/notifications/{id}', operationId: 'updateChannel', tags },
  summary: 'Change what is given; a secret that is empty or left out stays, unless the address changes',
  request: { params: idParam, body: jsonBody(shapes.channelPatch) },
  responses: { 200: answer('The channel as it is now.', shapes.oneChannel) },
  problems: [409],
});
const deleteChannel = operation({
  ...{ method: 'delete', path: '/notifications/{id}', operationId: 'removeChannel', tags },
  summary: 'Remove a channel with its deliveries',
  request: { params: idParam },
  responses: { 200: answer('It is gone.', shapes.removedChannel) },
  problems: [409],
});
const postTest = operation({
  ...{ method: 'post', path: '/notifications/{id}/test', operationId: 'testChannel', tags },
  summary: 'Send a test message now, and say what became of it',
  request: { params: idParam },
  responses: { 200: answer('The delivery: its state and, where it failed, why.', shapes.oneDelivery) },
  problems: [409],
});
const getDeliveries = operation({
  ...{ method: 'get', path: '/notifications/deliveries', operationId: 'listDeliveries', tags },
  summary: 'The outbox, newest first',
  request: {
    query: z.strictObject({
      channel_id: id.optional(),
      state: z.enum(shapes.DELIVERY_STATES).optional(),
      event: shapes.eventName.optional(),
      undelivered: flag.optional().meta({ description: 'Only what did not get through in the last week.' }),
      cursor: id.optional(),
      limit: pageSize(50, 1000),
    }),
  },
  responses: { 200: answer('A page of deliveries.', shapes.deliveryPage) },
});
const postRetry = operation({
  ...{ method: 'post', path: '/notifications/deliveries/{delivery}/retry', operationId: 'retryDelivery', tags },
  summary: 'Try a message again that was given up',
  request: { params: deliveryParam },
  responses: { 202: answer('The delivery as it is now.', shapes.oneDelivery) },
  problems: [409],
});
const getSilences = operation({
  ...{ method: 'get', path: '/notifications/silences', operationId: 'listSilences', tags },
  summary: 'What is silenced now',
  responses: { 200: answer('The silences.', shapes.silenceList) },
});
const postSilence = operation({
  ...{ method: 'post', path: '/notifications/silences', operationId: 'addSilence', tags },
  summary: 'Say nothing of an event, of a replica, or of anything, for some hours; what still holds then is told then',
  request: { body: jsonBody(shapes.newSilence) },
  responses: { 201: answer('The silence.', shapes.oneSilence) },
  problems: [404],
});
const deleteSilence = operation({
  ...{ method: 'delete', path: '/notifications/silences/{silence}', operationId: 'endSilence', tags },
  summary: 'End a silence; what it held back is sent',
  request: { params: silenceParam },
  responses: { 200: answer('How many messages are due now.', shapes.endedSilence) },
});
const postDigest = operation({
  ...{ method: 'post', path: '/digest/send', operationId: 'sendDigest', tags },
  summary: 'Send the daily digest now; the one of the day comes nevertheless',
  responses: { 202: answer('To how many channels.', shapes.sentDigest) },
  problems: [409],
});

export function notificationRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  outboxRoutes(routes, deps);
  const present = async (channel: Parameters<typeof presentChannel>[0]) => ({
    channel: presentChannel(channel, await deps.settings(), deps.secrets),
  });
  routes.openapi(getChannels, async (c) => {
    const channels = await listPresented(deps);
    return c.json({ channels, undelivered: await countUndelivered(deps.db), nobody: noneWorks(channels) }, 200);
  });
  routes.openapi(postChannel, async (c) => {
    const { name, kind, config, ...rules } = c.req.valid('json');
    return c.json(await present(await addChannel(deps, { name, kind, config, ...rulesOf(rules) })), 201);
  });
  routes.openapi(getChannel, async (c) =>
    c.json(await present(await existingChannel(deps.db, c.req.valid('param').id)), 200),
  );
  routes.openapi(putChannel, async (c) => {
    const { name, config, ...rules } = c.req.valid('json');
    const changed = await updateChannel(deps, c.req.valid('param').id, { name, config, ...rulesOf(rules) });
    return c.json(await present(changed), 200);
  });
  routes.openapi(deleteChannel, async (c) => {
    await removeChannel(deps, c.req.valid('param').id);
    return c.json({ removed: 1 as const }, 200);
  });
  routes.openapi(postTest, async (c) =>
    c.json({ delivery: await sendTest(deps.notify, c.req.valid('param').id, actorOf(c)) }, 200),
  );
  return routes;
}

/** Before the paths with an id: "deliveries" is none. */
function outboxRoutes(routes: Routes, deps: ApiDeps): void {
  routes.openapi(getDeliveries, async (c) => {
    const { cursor, limit, channel_id: channelId, ...filter } = c.req.valid('query');
    const rows = await listDeliveries(deps.db, { ...filter, channelId }, { before: cursor, limit });
    return c.json({ deliveries: rows, next_cursor: cursorAfter(rows, limit) }, 200);
  });
  routes.openapi(postRetry, async (c) =>
    c.json({ delivery: await retryDelivery(deps.notify, c.req.valid('param').delivery) }, 202),
  );
  routes.openapi(getSilences, async (c) => c.json({ silences: await listSilences(deps.db) }, 200));
  routes.openapi(postSilence, async (c) => {
    const { event, replica_id: replicaId, reason, hours } = c.req.valid('json');
    const given = { event: event ?? null, replicaId: replicaId ?? null, reason, hours, by: actorOf(c) };
    return c.json({ silence: await silence(deps, given) }, 201);
  });
  routes.openapi(deleteSilence, async (c) =>
    c.json({ released: await endSilence(deps.db, c.req.valid('param').silence) }, 200),
  );
  routes.openapi(postDigest, async (c) => {
    const { event, channels } = await sendDigest(deps.notify);
    return c.json({ event_id: event.id, channels }, 202);
  });
}

type Rules = Omit<z.output<typeof shapes.channelPatch>, 'name' | 'config'>;
const rulesOf = ({ enabled, role, events, min_severity, cooldown_seconds, send_recovery, quiet_hours }: Rules) => ({
  ...{ enabled, role, events, minSeverity: min_severity, cooldownSeconds: cooldown_seconds },
  ...{ sendRecovery: send_recovery, quietHours: quiet_hours },
});
