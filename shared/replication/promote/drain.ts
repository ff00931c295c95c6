/**
 * What had begun is brought to its end under the new topology, by runs that plan nothing else (H5 (2)): on all replicas, since
 * their documents are numbered anew. What cannot be ended is named, and a person decides.
 */
import * as repo from '../../db/promotions.repo.ts';
import { findReplica } from '../../db/replicas.repo.ts';
import { runById } from '../../db/runs.repo.ts';
import type { LeftOpen, Run } from '../../db/tables.ts';
import { openCycle } from '../open-cycle.ts';
import { endTopology, stopRun } from './stop-everything.ts';
import { lookAtCandidate } from './look.ts';
import type { PhaseEnd, Promoting } from './tick.ts';

export async function drain(work: Promoting): Promise<PhaseEnd> {
  const { deps, promotion } = work;
  const run = promotion.drain_run === null ? undefined : await runById(deps.db, promotion.drain_run);
  const accepted = promotion.accepted_at !== null;
  if (run && run.finished_at === null) {
    if (!accepted) return { code: 'promotion_draining', waits: 'Uploads and writes that had begun are being ended.' };
    await stopRun(deps, run.id);
  }
  const { left, trashed } = await leftOpenNow(work);
  if ((left.length === 0 && trashed.length === 0) || accepted) {
    const patch = { left_open: JSON.stringify(left) };
    const ended = await endTopology(deps.db, promotion, 'settling', patch);
    return ended ? 'next' : { code: 'promotion_draining', waits: 'Runs are being ended.' };
  }
  await repo.notePromotion(deps.db, promotion.id, { left_open: JSON.stringify(left) });
  if (left.length > 0 && isDue(work, run?.finished_at ?? null)) await openDrain(work, left);
  return { code: 'uploads_unfinished', waits: words(left, trashed, run) };
}

const isDue = ({ deps }: Promoting, ended: Date | null): boolean =>
  ended === null || deps.clock.now().getTime() - ended.getTime() >= deps.timings.drainAgainMs;

/** The rows, and what the replica itself shows: its probe does not see the trash (protocol section 1). */
async function leftOpenNow({ deps, promotion, signal }: Promoting) {
  const left = [...(await repo.leftOpen(deps.db))];
  const replica = await findReplica(deps.db, promotion.replica_id);
  if (!replica) return { left, trashed: [] };
  const { asnBase } = await deps.settings();
  const reader = await deps.instances.replica(replica.id);
  const { reserved, reservedInTrash } = await lookAtCandidate({ db: deps.db, asnBase }, replica, reader, signal);
  if (reserved.length > 0 && !left.some((one) => one.replica_id === replica.id))
    left.push({ ...NOTHING, replica_id: replica.id, replica: replica.name, documents: reserved.length });
  return { left, trashed: reservedInTrash };
}

const NOTHING = { uploads: 0, versions: 0, replacements: 0, documents: 0, unanswered: 0 };

async function openDrain({ deps, promotion }: Promoting, left: readonly LeftOpen[]): Promise<void> {
  const only = left.map((one) => one.replica_id);
  const { runId } = await openCycle(deps, { trigger: 'manual', mode: 'drain', only, promotionId: promotion.id });
  await repo.notePromotion(deps.db, promotion.id, { drain_run: runId });
}

function words(left: readonly LeftOpen[], trashed: readonly number[], run: Run | undefined): string {
  const each = left.map((one) => {
    const parts = [
      ...(one.uploads > 0 ? [`${one.uploads} uploads`] : []),
      ...(one.versions > 0 ? [`${one.versions} versions of files`] : []),
      ...(one.replacements > 0 ? [`${one.replacements} replacements of files`] : []),
      ...(one.documents > 0 ? [`${one.documents} documents under way`] : []),
      ...(one.unanswered > 0 ? [`${one.unanswered} writes without an answer`] : []),
    ];
    return `"${one.replica}": ${parts.join(', ')}`;
  });
  const bin =
    trashed.length === 0
      ? []
      : [
          `the trash of the replica holds documents with reserved numbers or marker titles (${trashed.join(', ')}): purge them`,
        ];
  const failed = run?.outcome === 'failed' ? ` The last try failed: ${run.error_msg ?? run.error_code ?? ''}` : '';
  return `Not ended yet: ${[...each, ...bin].join('; ')}.${failed} It is tried again; a person may decide to go on without it.`;
}
