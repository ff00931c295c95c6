import { z } from '@hono/zod-openapi';
import { listHints } from '../../../shared/db/webhook-events.repo.ts';
import { WEBHOOK_STATES } from '../../../shared/db/webhook-tables.ts';
import {
  hintWorkflowReport,
  installHintWorkflow,
  uninstallHintWorkflow,
} from '../../../shared/replication/webhook/hint-workflow.ts';
import { replayHint } from '../../../shared/replication/webhook/take-hint.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf } from '../gate/visitor.ts';
import { cursorAfter, id, idParam, pageSize, text, validationFailed } from '../input.ts';
import { answer, ASKS_INSTANCES, jsonBody, newRoutes, operation, type Routes } from '../operation.ts';
import { loadSummary, presentHint, webhookUrl } from '../presenters/webhook.ts';
import * as schemas from '../schemas/webhook.ts';

const tags = ['Webhook'];
const getSummary = operation({
  method: 'get',
  path: '/',
  operationId: 'getWebhook',
  summary: "Whether the master's webhooks are taken, and when the last one came",
  tags,
  responses: { 200: answer('How it stands.', schemas.webhookSummary) },
});
const getEvents = operation({
  method: 'get',
  path: '/events',
  operationId: 'listWebhookEvents',
  summary: "The master's webhooks and what they led to, newest first",
  tags,
  request: {
    query: z.strictObject({
      state: z.enum(WEBHOOK_STATES).optional(),
      document: id.optional(),
      cursor: id.optional(),
      limit: pageSize(100, 1000),
    }),
  },
  responses: { 200: answer('A page of events.', schemas.webhookEvents) },
});
const postReplay = operation({
  method: 'post',
  path: '/events/{id}/replay',
  operationId: 'replayWebhookEvent',
  summary: 'Look at the document of an event again, as if its webhook came anew',
  tags,
  request: { params: idParam },
  responses: { 202: answer('It waits for its turn.', schemas.replayed) },
});
const getWorkflow = operation({
  method: 'get',
  path: '/workflow',
  operationId: 'getWebhookWorkflow',
  summary: 'Ask the master whether the workflow that sends its webhooks is installed',
  tags,
  responses: { 200: answer('As it stands there.', schemas.workflowReport) },
  problems: [...ASKS_INSTANCES],
});
const postWorkflow = operation({
  method: 'post',
  path: '/workflow',
  operationId: 'installWebhookWorkflow',
  summary: 'Install that workflow on the master, or make it as it should be; a secret is made where none is set',
  tags,
  request: {
    body: jsonBody(
      z.strictObject({
        url: text(500).optional().meta({ description: 'Otherwise PUBLIC_URL with the path /webhook/paperless.' }),
      }),
    ),
  },
  responses: { 200: answer('It is there.', schemas.workflowInstalled) },
  problems: [...ASKS_INSTANCES],
});
const deleteWorkflow = operation({
  method: 'delete',
  path: '/workflow',
  operationId: 'uninstallWebhookWorkflow',
  summary: 'Take that workflow away from the master',
  tags,
  responses: { 200: answer('It is not there.', schemas.workflowRemoved) },
  problems: [...ASKS_INSTANCES],
});

/** Under /api/webhook. */
export function webhookRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getSummary, async (c) => c.json(await loadSummary(deps), 200));
  routes.openapi(getEvents, async (c) => {
    const { cursor, limit, ...filter } = c.req.valid('query');
    const rows = await listHints(deps.db, filter, { before: cursor, limit });
    return c.json({ events: rows.map(presentHint), next_cursor: cursorAfter(rows, limit) }, 200);
  });
  routes.openapi(postReplay, async (c) => {
    const { id: event, documentId } = await replayHint(deps, c.req.valid('param').id);
    return c.json({ id: event, master_doc_id: documentId }, 202);
  });
  routes.openapi(getWorkflow, async (c) =>
    c.json(await hintWorkflowReport(deps, webhookUrl(deps), c.req.raw.signal), 200),
  );
  routes.openapi(postWorkflow, async (c) => {
    const url = c.req.valid('json').url ?? webhookUrl(deps);
    if (url === null) throw validationFailed({ url: 'is needed, since PUBLIC_URL is not set' });
    return c.json({ ...(await install(deps, url, actorOf(c), c.req.raw.signal)), url }, 200);
  });
  routes.openapi(deleteWorkflow, async (c) =>
    c.json({ removed: await uninstall(deps, actorOf(c), c.req.raw.signal) }, 200),
  );
  return routes;
}

/** For the page as well: the only two acts that change something on the master. */
export async function install(deps: ApiDeps, url: string, by: string, signal: AbortSignal) {
  const { done, secretMade } = await installHintWorkflow(deps, url, signal);
  if (done !== 'nothing')
    deps.log.warning(`The webhook workflow on the master was ${done} by ${by}: it goes to ${url}.`);
  return { done, secret_made: secretMade };
}

export async function uninstall(deps: ApiDeps, by: string, signal: AbortSignal): Promise<boolean> {
  const removed = await uninstallHintWorkflow(deps, signal);
  if (removed) deps.log.warning(`The webhook workflow on the master was taken away by ${by}.`);
  return removed;
}
