/**
 * A person leaves one document out on one replica, with a reason, and takes it back as easily. Nothing is taken from the replica:
 * a copy that is there stays as it is, and an upload under way stays on record until the document is included again.
 */
import { excludeLink, exclusionOf, includeLink, lockExclusion, type Exclusion } from '../db/exclusions.repo.ts';
import * as runs from '../db/runs.repo.ts';
import type { Db } from '../db/tables.ts';
import { AppError } from '../kernel/errors.ts';
import { tryCloseReplicaRun, type CloseDeps } from './close-runs.ts';
import { stopWork } from './stop-work.ts';

export const REASON_LENGTH = 500;

export interface OneDocument {
  readonly replicaId: number;
  readonly masterDocId: number;
}

/**
 * From now on no look at it begins. One that is under way is stopped as a cancelled one is: what it had sent is on record.
 * @throws document_not_linked, document_excluded, document_gone
 */
export async function excludeDocument(
  deps: CloseDeps,
  { replicaId, masterDocId }: OneDocument,
  { reason, by }: { readonly reason: string; readonly by: string },
): Promise<void> {
  const runId = await deps.db.transaction().execute(async (trx) => {
    const link = await known(lockExclusion(trx, replicaId, masterDocId), { replicaId, masterDocId });
    if (link.excluded_at !== null) throw isExcluded(masterDocId);
    if (link.phase === 'gone')
      throw new AppError({
        code: 'document_gone',
        class: 'conflict',
        message: `Document #${masterDocId} was deleted on the master: there is nothing to exclude.`,
      });
    await excludeLink(trx, link.id, reason, by);
    const open = await runs.openRunOfLink(trx, link.id);
    if (open !== undefined) await runs.settleItem(trx, open, link.id, 'held', 0);
    await stopWork(trx, 'link', link.id);
    return open;
  });
  deps.log.warning(`A person excluded the document on this replica: ${reason}`, { replicaId, docId: masterDocId });
  if (runId !== undefined) await tryCloseReplicaRun(deps, runId);
}

/**
 * Due in the next cycle, which adopts what is there.
 * @throws document_not_linked, document_not_excluded
 */
export async function includeDocument(
  deps: Pick<CloseDeps, 'db' | 'log'>,
  { replicaId, masterDocId }: OneDocument,
): Promise<void> {
  await deps.db.transaction().execute(async (trx) => {
    const link = await known(lockExclusion(trx, replicaId, masterDocId), { replicaId, masterDocId });
    if (link.excluded_at === null)
      throw new AppError({
        code: 'document_not_excluded',
        class: 'conflict',
        message: `Document #${masterDocId} is not excluded on this replica.`,
      });
    await includeLink(trx, link.id);
  });
  deps.log.info('A person included the document on this replica again.', { replicaId, docId: masterDocId });
}

/** Of an excluded document nobody may say that it is due.
 * @throws document_excluded
 */
export async function refuseExcluded(db: Db, { replicaId, masterDocId }: OneDocument): Promise<void> {
  const link = await exclusionOf(db, replicaId, masterDocId);
  if (link !== undefined && link.excluded_at !== null) throw isExcluded(masterDocId);
}

function isExcluded(masterDocId: number): AppError {
  return new AppError({
    code: 'document_excluded',
    class: 'conflict',
    message: `Document #${masterDocId} is excluded on this replica.`,
    hint: 'Include it again first.',
  });
}

async function known(
  link: Promise<Exclusion | undefined>,
  { replicaId, masterDocId }: OneDocument,
): Promise<Exclusion> {
  const found = await link;
  if (found) return found;
  throw new AppError({
    code: 'document_not_linked',
    class: 'not-found',
    message: `Replica ${replicaId} knows no master document #${masterDocId}.`,
  });
}
