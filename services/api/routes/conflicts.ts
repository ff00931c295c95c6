import { Hono } from 'hono';
import { z } from 'zod';
import { decideConflict, findConflict, listConflicts } from '../../../shared/db/conflicts.repo.ts';
import { AppError } from '../../../shared/kernel/errors.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { bodyOf, id, idOf, pageSize, queryOf } from '../input.ts';
import { presentConflict } from '../presenters/document.ts';

const conflictQuery = z.strictObject({
  replica_id: id.optional(),
  master_doc_id: id.optional(),
  state: z.enum(['open', 'overwritten', 'keep_master', 'keep_replica', 'gone']).optional(),
  cursor: id.optional(),
  limit: pageSize(100, 1000),
});
const decision = z.strictObject({ keep: z.enum(['master', 'replica']) });

/** Edits that somebody made on a replica (E21), and what a person decides about them. */
export function conflictRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.get('/', async (c) => {
    const { replica_id: replicaId, master_doc_id: masterDocId, state, cursor, limit } = queryOf(c, conflictQuery);
    const rows = await listConflicts(deps.db, { replicaId, masterDocId, state }, { before: cursor, limit });
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return c.json({
      conflicts: rows.map(presentConflict),
      next_cursor: last === undefined ? null : String(last.id),
    });
  });
  routes.post('/:id/resolve', async (c) => {
    const conflictId = idOf(c);
    const { keep } = await bodyOf(c, decision);
    const decided = await decideConflict(deps.db, conflictId, keep === 'master' ? 'keep_master' : 'keep_replica');
    if (decided === null) throw await undecidable(deps, conflictId);
    deps.log.info(`A person keeps the ${keep}'s value of "${decided.field}".`, {
      replicaId: decided.replica_id,
      docId: decided.master_doc_id,
    });
    return c.json({ conflict: presentConflict(decided) });
  });
  return routes;
}

async function undecidable(deps: ApiDeps, conflictId: number): Promise<AppError> {
  const conflict = await findConflict(deps.db, conflictId);
  if (conflict === undefined) return notFound(`The conflict ${conflictId}`, 'conflict_not_found');
  return new AppError({
    code: 'conflict_over',
    class: 'conflict',
    message: `The conflict ${conflictId} is over: ${conflict.state === 'gone' ? 'both sides agree again' : "the master's value was written"}.`,
  });
}
