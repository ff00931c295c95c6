/** A replica becomes the master, and the old master a replica (E27). */
import { z } from '@hono/zod-openapi';
import { listPromotions, partedDocuments } from '../../../shared/db/promotions.repo.ts';
import { acceptPromotion, cancelPromotion } from '../../../shared/replication/promote/ask.ts';
import { planPromotion } from '../../../shared/replication/promote/plan.ts';
import { planReadmission, readmit } from '../../../shared/replication/promote/readmit.ts';
import type { ApiDeps } from '../deps.ts';
import { existingReplica } from '../existing.ts';
import { actorOf } from '../gate/visitor.ts';
import { flag, id, idParam, pageSize, text } from '../input.ts';
import { answer, ASKS_INSTANCES, jsonBody, newRoutes, operation, type Routes } from '../operation.ts';
import { existingPromotion, presentPromotion, presentReadmission, startPromotion } from '../presenters/promotions.ts';
import * as schemas from '../schemas/promotions.ts';

const tags = ['Promotion'];
const postPromote = operation({
  method: 'post',
  path: '/replicas/{id}/promote',
  operationId: 'promoteReplica',
  summary: 'Make a replica the master (manual failover)',
  tags,
  request: {
    params: idParam,
    query: z.strictObject({ dry_run: flag.default(false) }),
    body: {
      required: false,
      content: {
        'application/json': {
          schema: z.strictObject({
            confirm: text(200).optional().meta({ description: 'The name of the replica, to confirm it.' }),
            accept_left_open: z.boolean().default(false).meta({
              description: 'Do not wait for uploads that cannot be brought to their end.',
            }),
          }),
        },
      },
    },
  },
  responses: {
    200: answer('With dry_run: what would be done.', schemas.promotionPlan),
    202: answer('It is on its way.', z.strictObject({ promotion_id: z.int() })),
  },
  problems: [409, ...ASKS_INSTANCES],
});
const getPromotions = operation({
  method: 'get',
  path: '/promotions',
  operationId: 'listPromotions',
  summary: 'Promotions, the newest first',
  tags,
  request: { query: z.strictObject({ limit: pageSize(20, 200) }) },
  responses: { 200: answer('They are few.', schemas.promotions) },
});
const getPromotion = operation({
  method: 'get',
  path: '/promotions/{id}',
  operationId: 'getPromotion',
  summary: 'How far a promotion is, and what it waits for',
  tags,
  request: { params: idParam },
  responses: { 200: answer('The promotion.', schemas.promotion) },
});
const getParted = operation({
  method: 'get',
  path: '/promotions/{id}/documents',
  operationId: 'listPartedDocuments',
  summary: 'Documents on which the old and the new master part',
  tags,
  request: {
    params: idParam,
    query: z.strictObject({
      kind: z.enum(schemas.PARTED_KINDS).optional(),
      cursor: id.optional(),
      limit: pageSize(100, 1000),
    }),
  },
  responses: { 200: answer('A page of them, in the order of the old master’s numbers.', schemas.partedPage) },
});
const VERBS = {
  accept: { work: acceptPromotion, summary: 'Go on without what cannot be brought to its end' },
  cancel: { work: cancelPromotion, summary: 'Take a promotion back, before the switch' },
} as const;
const postReadmit = operation({
  method: 'post',
  path: '/promotions/{id}/readmit',
  operationId: 'readmitMaster',
  summary: 'Take the old master back as a replica',
  tags,
  request: {
    params: idParam,
    query: z.strictObject({ dry_run: flag.default(false) }),
    body: jsonBody(
      z.strictObject({
        name: text(100).trim().min(1).meta({ description: 'What the replica is to be called.' }),
        url: text(500).optional(),
        api_token: text(200).min(1).optional(),
      }),
    ),
  },
  responses: { 200: answer('What was changed there since, and what is linked.', schemas.readmission) },
  problems: [409, ...ASKS_INSTANCES],
});

/** Under /api. */
export function promotionRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(postPromote, async (c) => {
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    if (c.req.valid('query').dry_run) {
      const plan = await planPromotion(deps, replica, c.req.raw.signal);
      return c.json({ dry_run: true as const, ...plan }, 200);
    }
    const body = c.req.valid('json');
    const wanted = { confirm: body?.confirm, accept: body?.accept_left_open === true, by: actorOf(c) };
    return c.json({ promotion_id: await startPromotion(deps, replica, wanted, c.req.raw.signal) }, 202);
  });
  routes.openapi(getPromotions, async (c) => {
    const rows = await listPromotions(deps.db, c.req.valid('query').limit);
    return c.json({ promotions: rows.map(presentPromotion) }, 200);
  });
  routes.openapi(getPromotion, async (c) =>
    c.json(presentPromotion(await existingPromotion(deps, c.req.valid('param').id)), 200),
  );
  routes.openapi(getParted, async (c) => {
    const { kind, cursor, limit } = c.req.valid('query');
    const { id: promotionId } = await existingPromotion(deps, c.req.valid('param').id);
    const rows = await partedDocuments(deps.db, promotionId, { kind, after: cursor ?? 0, limit });
    const last = rows.length === limit ? rows.at(-1) : undefined;
    const documents = rows.map(({ promotion_id: _promotion, ...row }) => row);
    return c.json({ documents, next_cursor: last === undefined ? null : String(last.old_doc_id) }, 200);
  });
  for (const verb of ['accept', 'cancel'] as const) addVerb(routes, deps, verb);
  routes.openapi(postReadmit, async (c) => {
    const { name, url, api_token: token } = c.req.valid('json');
    const { id: promotionId } = await existingPromotion(deps, c.req.valid('param').id);
    const { signal } = c.req.raw;
    if (c.req.valid('query').dry_run)
      return c.json(presentReadmission(await planReadmission(deps, promotionId, { url, token }, signal), null), 200);
    const { replica, plan } = await readmit(deps, promotionId, { name, url, token }, signal);
    return c.json(presentReadmission(plan, replica.id), 200);
  });
  return routes;
}

function addVerb(routes: Routes, deps: ApiDeps, verb: keyof typeof VERBS): void {
  const post = operation({
    method: 'post',
    path: `/promotions/{id}/${verb}`,
    operationId: `${verb}Promotion`,
    summary: VERBS[verb].summary,
    tags,
    request: { params: idParam },
    responses: { 200: answer('The promotion as it is now.', schemas.promotion) },
    problems: [409],
  });
  routes.openapi(post, async (c) => {
    const promotion = await VERBS[verb].work(deps, c.req.valid('param').id, actorOf(c));
    return c.json(presentPromotion(promotion), 200);
  });
}
