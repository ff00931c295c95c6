/** What a person does about one document on one replica. */
import { documentOnReplicas } from '../../../shared/db/documents.repo.ts';
import { replaceFileAgain, retryDocument } from '../../../shared/db/retry.repo.ts';
import { toAppError } from '../../../shared/kernel/errors.ts';
import {
  excludeDocument,
  includeDocument,
  REASON_LENGTH,
  refuseExcluded,
} from '../../../shared/replication/exclude-document.ts';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import type { ApiDeps } from '../deps.ts';
import type { Replica } from '../existing.ts';
import { notFound } from '../http-error.ts';
import { text } from '../input.ts';

/** Due again, whatever its state; `said` is what the log says of it. */
export async function makeDue(
  deps: Pick<ApiDeps, 'db' | 'log'>,
  replica: Pick<Replica, 'id'>,
  masterDocId: number,
  said: string,
): Promise<void> {
  await refuseExcluded(deps.db, { replicaId: replica.id, masterDocId });
  if (!(await retryDocument(deps.db, replica.id, masterDocId)))
    throw notFound(`A document with the master id ${masterDocId} on this replica`, 'document_not_linked');
  deps.log.info(said, { replicaId: replica.id, docId: masterDocId });
}

/** Its file is brought over again, where a comparison found another one there. */
export async function makeFileDue(
  deps: Pick<ApiDeps, 'db' | 'log'>,
  replica: Pick<Replica, 'id'>,
  masterDocId: number,
): Promise<void> {
  await refuseExcluded(deps.db, { replicaId: replica.id, masterDocId });
  if (!(await replaceFileAgain(deps.db, replica.id, masterDocId)))
    throw notFound(`A comparison that found the file of document ${masterDocId} to differ`, 'finding_not_found');
  deps.log.info('A person asked to bring the file over again.', { replicaId: replica.id, docId: masterDocId });
}

/** Why a person excludes a document. */
export const REASON = text(REASON_LENGTH).trim().min(1, 'must not be empty');

/**
 * Returns the names of the replicas. With `everywhere` all that know it and have to have it, this one last: whoever was stopped
 * half-way says it once more, and those that were done are left out.
 */
export async function excludeOn(
  deps: Pick<ApiDeps, 'db' | 'closing'>,
  on: { readonly replica: Pick<Replica, 'id' | 'name'>; readonly masterDocId: number; readonly everywhere: boolean },
  said: { readonly reason: string; readonly by: string },
): Promise<string[]> {
  const { replica, masterDocId } = on;
  await refuseExcluded(deps.db, { replicaId: replica.id, masterDocId });
  const rows = on.everywhere ? await documentOnReplicas(deps.db, masterDocId) : [];
  const others = rows.filter(
    ({ replica_id: id, status, phase }) => id !== replica.id && status !== 'excluded' && phase !== 'gone',
  );
  for (const other of others) await excludeDocument(deps.closing, { replicaId: other.replica_id, masterDocId }, said);
  await excludeDocument(deps.closing, { replicaId: replica.id, masterDocId }, said);
  return [replica.name, ...others.map((other) => other.replica)];
}

export function includeOn(
  deps: Pick<ApiDeps, 'db' | 'log'>,
  replica: Pick<Replica, 'id'>,
  masterDocId: number,
): Promise<void> {
  return includeDocument(deps, { replicaId: replica.id, masterDocId });
}

/** Due in any case; a run now only spares the wait, and a replica that is paused or suspended gets none. */
export async function begin(deps: ApiDeps, replicaId: number): Promise<string> {
  try {
    const { runId, alreadyRunning } = await openCycle(deps, { trigger: 'manual', replicaId });
    return alreadyRunning
      ? `Run ${runId} is under way and takes it, or the next one does.`
      : `Run ${runId} was started for it.`;
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.class !== 'conflict') throw thrown;
    return `It waits for the replica: ${error.message}`;
  }
}

/** They are due in any case; this only spares the wait for the next cycle. */
export async function startRun(deps: ApiDeps, replicaId: number | undefined): Promise<number> {
  return (await openCycle(deps, { trigger: 'manual', replicaId })).runId;
}
