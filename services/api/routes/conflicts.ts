import { Hono } from 'hono';
import { z } from 'zod';
import { listConflicts } from '../../../shared/db/conflicts.repo.ts';
import { resolveConflict } from '../../../shared/replication/resolve-conflict.ts';
import type { ApiDeps } from '../deps.ts';
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
    const decided = await resolveConflict(deps, conflictId, keep);
    return c.json({ conflict: presentConflict(decided) });
  });
  return routes;
}
