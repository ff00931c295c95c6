import { Hono } from 'hono';
import { z } from 'zod';
import * as absences from '../../../shared/db/absences.repo.ts';
import { masterState } from '../../../shared/db/master.repo.ts';
import { findReplica } from '../../../shared/db/replicas.repo.ts';
import type { Tombstone } from '../../../shared/db/deletion-tables.ts';
import type { Replica } from '../../../shared/db/tables.ts';
import * as tombstones from '../../../shared/db/tombstones.repo.ts';
import { AppError, toAppError } from '../../../shared/kernel/errors.ts';
import { confirmMaster } from '../../../shared/replication/confirm-master.ts';
import { loadDeletions } from '../../../shared/replication/deletion-state.ts';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import { replicaNotFound } from '../../../shared/replication/update-replica.ts';
import type { ApiDeps } from '../deps.ts';
import { malformed, notFound } from '../http-error.ts';
import { bodyOf, id, idOf, pageSize, queryOf } from '../input.ts';
import { presentDeletions, presentMaster, presentTombstone } from '../presenters/deletions.ts';

const STATES = [
  'planned',
  'asn_cleared',
  'trashed',
  'purge_due',
  'purged',
  'restored',
  'undone',
  'cancelled',
  'released',
] as const;
const SUSPECTS_SHOWN = 500;

// The list is always what would be done, never the doing; `dry_run` is what the other routes call the same.
const deletionQuery = z.strictObject({ dry_run: z.literal('1').optional() });
const tombstoneQuery = z.strictObject({
  state: z.enum(STATES).optional(),
  cursor: id.optional(),
  limit: pageSize(100, 1000),
});
const confirmation = z.strictObject({ accept: z.enum(['disappearance', 'identities', 'rollback', 'address']) });

/** Under /api/replicas. */
export function deletionRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.get('/:id/deletions', async (c) => {
    queryOf(c, deletionQuery);
    const replica = await existing(deps, idOf(c));
    return c.json(presentDeletions(replica, (await loadDeletions(deps, replica)).decision));
  });
  routes.post('/:id/deletions/acknowledge', async (c) => {
    const replica = await existing(deps, idOf(c));
    const approved = await tombstones.acknowledgeDeletions(deps.db, replica.id);
    if (approved === null) throw nothingHeld(replica);
    deps.log.warning(`A person let ${approved} deletions on replica "${replica.name}" go.`, { replicaId: replica.id });
    return c.json({ approved });
  });
  routes.get('/:id/tombstones', async (c) => {
    const { state, cursor, limit } = queryOf(c, tombstoneQuery);
    const replica = await existing(deps, idOf(c));
    const states = state === undefined ? undefined : [state];
    const rows = await tombstones.listTombstones(deps.db, { replicaId: replica.id, states }, { before: cursor, limit });
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return c.json({
      tombstones: rows.map(presentTombstone),
      next_cursor: last === undefined ? null : String(last.id),
    });
  });
  routes.post('/:id/tombstones/:tombstone_id/undo', async (c) => {
    const replica = await existing(deps, idOf(c));
    const asked = id.safeParse(c.req.param('tombstone_id'));
    if (!asked.success) throw malformed('The id of the tombstone is not a number.');
    const tombstone = await undo(deps, replica, asked.data);
    return c.json({ tombstone: presentTombstone(tombstone), run_id: await begin(deps, replica) }, 202);
  });
  return routes;
}

/** Under /api/master. */
export function masterRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.get('/', async (c) => {
    const [state, counts, suspects] = await Promise.all([
      masterState(deps.db),
      absences.countSuspects(deps.db),
      absences.listSuspects(deps.db, SUSPECTS_SHOWN),
    ]);
    return c.json(presentMaster(state, counts, suspects));
  });
  routes.post('/confirm', async (c) => {
    const { accept } = await bodyOf(c, confirmation);
    return c.json({ accepted: accept, documents: await confirmMaster(deps, accept) });
  });
  return routes;
}

async function undo(deps: ApiDeps, replica: Replica, tombstoneId: number): Promise<Tombstone> {
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
async function begin(deps: ApiDeps, replica: Replica): Promise<number | null> {
  try {
    return (await openCycle(deps, { trigger: 'manual', replicaId: replica.id })).runId;
  } catch (thrown) {
    if (toAppError(thrown).class === 'conflict') return null;
    throw thrown;
  }
}

function nothingHeld(replica: Replica): AppError {
  return new AppError({
    code: 'nothing_held',
    class: 'conflict',
    message: `No deletions on replica "${replica.name}" wait to be acknowledged.`,
  });
}

async function existing(deps: ApiDeps, replicaId: number): Promise<Replica> {
  const replica = await findReplica(deps.db, replicaId);
  if (replica === undefined) throw replicaNotFound(replicaId);
  return replica;
}
