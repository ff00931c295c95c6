import { Hono } from 'hono';
import { z } from 'zod';
import { fidelityOf } from '../../../shared/domain/fidelity.ts';
import { VERSION_PAIRS } from '../../../shared/domain/field-policy.ts';
import { queryOf } from '../input.ts';

const generation = z.enum(['v2', 'v3']).optional();
const fidelityQuery = z.strictObject({ master: generation, replica: generation });

/** The same for every installation: it is a statement about the product, not about what is stored here. */
export function fidelityRoutes(): Hono {
  return new Hono().get('/', (c) => {
    const { master, replica } = queryOf(c, fidelityQuery);
    const pairs = VERSION_PAIRS.map((pair) => ({ pair, sides: pair.split('->') })).filter(
      ({ sides: [from, to] }) => (master ?? from) === from && (replica ?? to) === to,
    );
    return c.json({
      pairs: pairs.map(({ pair, sides: [from, to] }) => ({ master: from, replica: to, fields: fidelityOf(pair) })),
    });
  });
}
