import { Hono } from 'hono';
import { z } from 'zod';
import { listApiKeys, type ShownKey } from '../../../shared/db/api-keys.repo.ts';
import { createApiKey, revokeApiKey } from '../../../shared/replication/doors/api-keys.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { bodyOf, idOf, text } from '../input.ts';

const newKey = z.strictObject({
  name: text(100).trim().min(1, 'must not be empty'),
  scope: z.enum(['read', 'full']),
});

export function keyRoutes(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.get('/', async (c) => c.json({ keys: (await listApiKeys(deps.db)).map(presentKey) }));
  routes.post('/', async (c) => {
    const wanted = await bodyOf(c, newKey);
    const createdBy = c.get('visitor')?.name ?? 'anybody';
    const { key, secret } = await createApiKey(deps.db, { ...wanted, createdBy });
    deps.log.info(`API key "${key.name}" (${key.scope}) was made by ${createdBy}.`);
    return c.json({ key: presentKey(key), secret }, 201);
  });
  routes.delete('/:id', async (c) => {
    const key = await revokeApiKey(deps.db, idOf(c));
    deps.log.info(`API key "${key.name}" was revoked.`);
    return c.json({ key: presentKey(key) });
  });
  return routes;
}

function presentKey(key: ShownKey) {
  return { ...key, revoked: key.revoked_at !== null };
}
