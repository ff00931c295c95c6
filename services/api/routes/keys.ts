import { z } from '@hono/zod-openapi';
import { createApiKey, revokeApiKey } from '../../../shared/replication/doors/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf } from '../gate/visitor.ts';
import { loadKeys, presentKey } from '../presenters/keys.ts';
import { idParam, text } from '../input.ts';
import { answer, jsonBody, newRoutes, operation, type Routes } from '../operation.ts';
import { keyList, madeKey, oneKey } from '../schemas/control.ts';

const newKey = z.strictObject({
  name: text(100).trim().min(1, 'must not be empty'),
  scope: z.enum(['read', 'full']),
});
const tags = ['API keys'];
const getKeys = operation({
  method: 'get',
  path: '/',
  operationId: 'listKeys',
  summary: 'All keys, without their secrets',
  tags,
  responses: { 200: answer('The keys.', keyList) },
});
const postKey = operation({
  method: 'post',
  path: '/',
  operationId: 'createKey',
  summary: 'Make a key; its secret is shown this once',
  tags,
  request: { body: jsonBody(newKey) },
  responses: { 201: answer('The key with its secret.', madeKey) },
  problems: [409],
});
const deleteKey = operation({
  method: 'delete',
  path: '/{id}',
  operationId: 'revokeKey',
  summary: 'Revoke a key for good',
  tags,
  request: { params: idParam },
  responses: { 200: answer('The key as it is now.', oneKey) },
});

export function keyRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getKeys, async (c) => c.json({ keys: await loadKeys(deps) }, 200));
  routes.openapi(postKey, async (c) => {
    const createdBy = actorOf(c);
    const { key, secret } = await createApiKey(deps.db, { ...c.req.valid('json'), createdBy });
    deps.log.info(`API key "${key.name}" (${key.scope}) was made by ${createdBy}.`);
    return c.json({ key: presentKey(key), secret }, 201);
  });
  routes.openapi(deleteKey, async (c) => {
    const key = await revokeApiKey(deps.db, c.req.valid('param').id);
    deps.log.info(`API key "${key.name}" was revoked.`);
    return c.json({ key: presentKey(key) }, 200);
  });
  return routes;
}
