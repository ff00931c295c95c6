/**
 * What of a replica's copies goes in this run (E20, H15): decided from rows, checked once more against the master's trash as
 * it is now, and written as tombstones. The acts follow in the document jobs, each under its link's lease, after a GET that
 * answers 404.
 */
import type { Replica } from '../db/tables.ts';
import { updateRun } from '../db/runs.repo.ts';
import * as tombstones from '../db/tombstones.repo.ts';
import type { DeletionVerdict } from '../domain/deletion-guard.ts';
import { checkIdentity } from '../domain/identity.ts';
import { AppError } from '../kernel/errors.ts';
import { loadDeletions, type Deletions } from './deletion-state.ts';
import type { ReplicaRun } from './sync-replica.ts';

/** Idempotent: planned ones are not planned again, and whoever repeats a run looks again. */
export async function planDeletions(work: ReplicaRun): Promise<void> {
  const { deps, run } = work;
  const replica = await deps.db
    .selectFrom('replicas')
    .selectAll()
    .where('id', '=', work.replica.id)
    .executeTakeFirstOrThrow();
  const deletions = await loadDeletions(deps, replica);
  const { decision } = deletions;
  if (decision.trips || (replica.deletions_held !== null && decision.wanted > 0)) await hold(work, replica, deletions);
  const due = decision.verdicts.filter((verdict) => isDue(verdict, deletions));
  if (decision.stopped !== null || due.length === 0) return;
  const confirmed = await confirmedByTrash(work, due, deletions);
  const of = (action: DeletionVerdict['action']) => confirmed.filter((verdict) => verdict.action === action);
  await deps.db.transaction().execute(async (trx) => {
    // A process that was frozen since it looked must not plan by what it saw then.
    if (!(await updateRun(trx, work.lease, { phase: 'planning' }))) throw takenOver();
    await tombstones.planTombstones(
      trx,
      replica.id,
      run.id,
      of('trash').map(({ candidate }) => ({
        linkId: candidate.linkId,
        reason: candidate.trashedSweeps > 0 ? ('trashed_on_master' as const) : ('absent_on_master' as const),
      })),
    );
    const again = of('under_way').flatMap(({ candidate }) => candidate.tombstone?.id ?? []);
    await tombstones.confirmPlanned(trx, again, run.id);
    const purges = of('purge').flatMap(({ candidate }) => candidate.tombstone?.id ?? []);
    await tombstones.markPurgeDue(trx, purges, run.id);
    await tombstones.markGoneDue(
      trx,
      [...of('release'), ...of('keep')].map(({ candidate }) => candidate.linkId),
    );
  });
  const planned = of('trash').length + of('purge').length;
  if (planned > 0)
    deps.log.info(
      `${of('trash').length} copies go to the trash of "${replica.name}", ${of('purge').length} are purged.`,
      {
        replicaId: replica.id,
        runId: run.id,
      },
    );
}

function takenOver(): AppError {
  return new AppError({ code: 'run_taken_over', class: 'cancelled', message: 'The run went on in another process.' });
}

/** What a document job has to look at: a deletion, or a copy that is kept and does not say so yet. */
function isDue({ action, candidate }: DeletionVerdict, { rows }: Deletions): boolean {
  if (action === 'keep') return rows.get(candidate.linkId)?.phase !== 'gone' && !candidate.quarantined;
  return action !== 'wait';
}

async function hold(work: ReplicaRun, replica: Replica, { decision }: Deletions): Promise<void> {
  const why = decision.trips ? (decision.stopped ?? '') : (replica.deletions_held ?? '');
  const news = await tombstones.holdDeletions(work.deps.db, replica.id, why, decision.wanted);
  if (news)
    work.deps.log.error(`Nothing is deleted on "${replica.name}" until someone acknowledges: ${why}`, {
      replicaId: replica.id,
      runId: work.run.id,
      code: 'deletion_guard_tripped',
    });
}

/**
 * H4: in this same pass the master's trash must still tell what the sweeps saw, under a superuser's token before and after.
 * What moved meanwhile waits for the next sweep.
 */
async function confirmedByTrash(
  work: ReplicaRun,
  due: readonly DeletionVerdict[],
  { rows }: Deletions,
): Promise<DeletionVerdict[]> {
  const { reader, signal } = work;
  const before = await reader.probe(signal);
  const trash = new Map((await reader.trash(signal)).map((row) => [row.id, row]));
  const live = new Set(
    await reader.liveAmong(
      due.map(({ candidate }) => candidate.masterDocId),
      signal,
    ),
  );
  const after = await reader.probe(signal);
  if (!before.isSuperuser || !after.isSuperuser)
    throw Object.assign(
      new AppError({
        code: 'master_not_visible',
        class: 'permission',
        scope: 'instance',
        message: "The master token is not a superuser's any more; nothing is deleted.",
        hint: 'Use the token of a superuser.',
      }),
      { target: 0 },
    );
  return due.filter(({ candidate }) => {
    if (live.has(candidate.masterDocId)) return false;
    const row = trash.get(candidate.masterDocId);
    if (!row) return candidate.absence === 'absent';
    const added = rows.get(candidate.linkId)?.master_added ?? null;
    return candidate.absence === 'trashed' && (added === null || checkIdentity(added, row.added) !== 'other');
  });
}
