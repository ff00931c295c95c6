import { z } from '@hono/zod-openapi';
import * as absences from '../../../shared/db/absences.repo.ts';
import type { Tombstone } from '../../../shared/db/deletion-tables.ts';
import { masterState } from '../../../shared/db/master.repo.ts';
import type { Replica } from '../../../shared/db/tables.ts';
import * as tombstones from '../../../shared/db/tombstones.repo.ts';
import { AppError, toAppError } from '../../../shared/kernel/errors.ts';
import { confirmMaster } from '../../../shared/replication/confirm-master.ts';
import { loadDeletions } from '../../../shared/replication/deletion-state.ts';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import type { ApiDeps } from '../deps.ts';
import { existingReplica } from '../existing.ts';
import { notFound } from '../http-error.ts';
import { cursorAfter, flag, id, idParam, pageSize } from '../input.ts';
import { answer, jsonBody, newRoutes, operation, type Routes } from '../operation.ts';
import { letDeletionsGo, presentDeletions, presentMaster, presentTombstone } from '../presenters/deletions.ts';
import * as schemas from '../schemas/deletions.ts';

const SUSPECTS_SHOWN = 500;
const tags = ['Deletions'];

const getDeletions = operation({
  method: 'get',
  path: '/{id}/deletions',
  operationId: 'planDeletions',
  summary: 'Which copies would go, and why; the list is never the doing',
  tags,
  // The list is always what would be done, never the doing; `dry_run` is what the other routes call the same.
  request: { params: idParam, query: z.strictObject({ dry_run: z.literal('1').optional() }) },
  responses: { 200: answer('The plan.', schemas.deletionPlan) },
});
const postAcknowledge = operation({
  method: 'post',
  path: '/{id}/deletions/acknowledge',
  operationId: 'acknowledgeDeletions',
  summary: 'Let deletions go that are held because there are too many',
  tags,
  request: { params: idParam, query: z.strictObject({ dry_run: flag.optional() }) },
  responses: {
    200: answer('How many may go, or with dry_run which.', z.union([schemas.approved, schemas.wouldApprove])),
  },
  problems: [409],
});
const getTombstones = operation({
  method: 'get',
  path: '/{id}/tombstones',
  operationId: 'listTombstones',
  summary: 'What became of copies that were deleted or replaced, newest first',
  tags,
  request: {
    params: idParam,
    query: z.strictObject({
      state: z.enum(schemas.TOMBSTONE_STATES).optional(),
      cursor: id.optional(),
      limit: pageSize(100, 1000),
    }),
  },
  responses: { 200: answer('A page of tombstones.', schemas.tombstonePage) },
});
const postUndo = operation({
  method: 'post',
  path: '/{id}/tombstones/{tombstone_id}/undo',
  operationId: 'undoDeletion',
  summary: 'Bring a deleted copy back',
  tags,
  request: { params: z.object({ id, tombstone_id: id }) },
  responses: { 202: answer('It comes back in a run.', schemas.undone) },
  problems: [409, 422],
});

/** Under /api/replicas. */
export function deletionRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getDeletions, async (c) => {
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    return c.json(presentDeletions(replica, (await loadDeletions(deps, replica)).decision), 200);
  });
  routes.openapi(postAcknowledge, async (c) => {
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    if (c.req.valid('query').dry_run === true) {
      const { decision } = await loadDeletions(deps, replica);
      return c.json({ dry_run: true as const, ...presentDeletions(replica, decision) }, 200);
    }
    const approved = await letDeletionsGo(deps, replica);
    if (approved === null) throw nothingHeld(replica);
    return c.json({ approved }, 200);
  });
  routes.openapi(getTombstones, async (c) => {
    const { state, cursor, limit } = c.req.valid('query');
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    const states = state === undefined ? undefined : [state];
    const rows = await tombstones.listTombstones(deps.db, { replicaId: replica.id, states }, { before: cursor, limit });
    return c.json({ tombstones: rows.map(presentTombstone), next_cursor: cursorAfter(rows, limit) }, 200);
  });
  routes.openapi(postUndo, async (c) => {
    const { id: replicaId, tombstone_id: tombstoneId } = c.req.valid('param');
    const replica = await existingReplica(deps.db, replicaId);
    const tombstone = await undo(deps, replica, tombstoneId);
    return c.json({ tombstone: presentTombstone(tombstone), run_id: await begin(deps, replica) }, 202);
  });
  return routes;
}

const getMaster = operation({
  method: 'get',
  path: '/',
  operationId: 'getMaster',
  summary: 'What is known of the master, and what of it waits for a person',
  tags: ['Master'],
  responses: { 200: answer('The master.', schemas.master) },
});
const postConfirm = operation({
  method: 'post',
  path: '/confirm',
  operationId: 'confirmMaster',
  summary: 'Say that what looks wrong about the master is as it should be',
  tags: ['Master'],
  request: { body: jsonBody(z.strictObject({ accept: z.enum(schemas.CONFIRMATIONS) })) },
  responses: { 200: answer('The documents that it concerned.', schemas.confirmed) },
  problems: [409],
});

/** Under /api/master. */
export function masterRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getMaster, async (c) => {
    const [state, counts, suspects] = await Promise.all([
      masterState(deps.db),
      absences.countSuspects(deps.db),
      absences.listSuspects(deps.db, SUSPECTS_SHOWN),
    ]);
    return c.json(presentMaster(state, counts, suspects), 200);
  });
  routes.openapi(postConfirm, async (c) => {
    const { accept } = c.req.valid('json');
    return c.json({ accepted: accept, documents: await confirmMaster(deps, accept) }, 200);
  });
  return routes;
}

export async function undo(deps: ApiDeps, replica: Replica, tombstoneId: number): Promise<Tombstone> {
  const asked = await tombstones.askUndo(deps.db, replica.id, tombstoneId);
  if (asked) {
    deps.log.info(`A person wants copy #${asked.replica_doc_id} back.`, {
      replicaId: replica.id,
      docId: asked.master_doc_id,
    });
    return asked;
  }
  const known = await tombstones.tombstoneById(deps.db, tombstoneId);
  if (known?.replica_id !== replica.id) throw notFound(`The tombstone ${tombstoneId}`, 'tombstone_not_found');
  throw new AppError({
    code: 'not_undoable',
    class: 'conflict',
    message: `This deletion is ${known.state}: there is nothing to bring back by its link.`,
    hint: "If the document is still in the replica's trash, restore it there.",
  });
}

/** The copy comes back in a run, under its link's lease; one that cannot begin now leaves it for the next cycle. */
export async function begin(deps: ApiDeps, replica: Replica): Promise<number | null> {
  try {
    return (await openCycle(deps, { trigger: 'manual', replicaId: replica.id })).runId;
  } catch (thrown) {
    if (toAppError(thrown).class === 'conflict') return null;
    throw thrown;
  }
}

export function nothingHeld(replica: Replica): AppError {
  return new AppError({
    code: 'nothing_held',
    class: 'conflict',
    message: `No deletions on replica "${replica.name}" wait to be acknowledged.`,
  });
}
