import { z } from '@hono/zod-openapi';
import { fidelityOf } from '../../../shared/domain/fidelity.ts';
import { VERSION_PAIRS } from '../../../shared/domain/field-policy.ts';
import { answer, newRoutes, operation, type Routes } from '../operation.ts';
import { fidelity } from '../schemas/control.ts';

const generation = z.enum(['v2', 'v3']);
const getFidelity = operation({
  method: 'get',
  path: '/',
  operationId: 'getFidelity',
  summary: 'How exactly each field is carried over between two versions of paperless-ngx',
  tags: ['Controller'],
  request: { query: z.strictObject({ master: generation.optional(), replica: generation.optional() }) },
  responses: { 200: answer('Every pair of versions that was asked for.', fidelity) },
});

/** The same for every installation: it is a statement about the product, not about what is stored here. */
export function fidelityRoutes(): Routes {
  const routes = newRoutes();
  routes.openapi(getFidelity, (c) => {
    const { master, replica } = c.req.valid('query');
    const pairs = VERSION_PAIRS.flatMap((pair) => {
      const [from, to] = pair.split('->').map((side) => generation.parse(side)) as ['v2' | 'v3', 'v2' | 'v3'];
      const wanted = (master ?? from) === from && (replica ?? to) === to;
      return wanted ? [{ master: from, replica: to, fields: fidelityOf(pair) }] : [];
    });
    return c.json({ pairs }, 200);
  });
  return routes;
}
