/** Every request that may change something leaves a row (S7): before it is carried out, so that a crash hides nobody. */
import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import { insertAudit, noteAuditOutcome } from '../../../shared/db/audit.repo.ts';
import { toAppError } from '../../../shared/kernel/errors.ts';
import type { ApiDeps } from '../deps.ts';
import { changesBetween, snapshotOf } from './audited.ts';
import { sourceOf } from './visitor-address.ts';
import type { GateVariables } from './visitor.ts';

const LOOKS = new Set(['GET', 'HEAD', 'OPTIONS']);

export function audit(deps: Pick<ApiDeps, 'db' | 'door' | 'basePath' | 'log'>) {
  return createMiddleware<GateVariables>(async (c, next) => {
    const visitor = c.get('visitor');
    // Open routes write their own: there the visitor is not known yet.
    if (visitor === null || LOOKS.has(c.req.method)) return next();
    const path = c.req.path.slice(deps.basePath.length);
    const read = snapshotOf(path);
    const before = await read?.(deps.db);
    const id = await insertAudit(deps.db, {
      actor: visitor.name,
      via: visitor.via,
      // The pattern of the route, so that acts of one kind are found together.
      action: `${c.req.method} ${routePath(c, -1).slice(deps.basePath.length)}`,
      // Decoded, and PostgreSQL's text cannot hold NUL.
      target: path.replaceAll('\0', '%00').slice(0, 500),
      requestId: c.get('requestId'),
      source: sourceOf(c, deps.door),
    });
    await next();
    const note = async () => {
      const changes = read === null || before === undefined ? null : changesBetween(before, await read(deps.db));
      await noteAuditOutcome(deps.db, id, { status: c.res.status, ...changes });
    };
    await note().catch((thrown: unknown) => {
      deps.log.warning(`The answer of an audited request was not noted: ${toAppError(thrown).message}`);
    });
    return undefined;
  });
}
