/**
 * A claimed copy that is not live any more. One that was in step was deleted by somebody on the replica: it comes back, from
 * the trash if it is there (E21), or waits for a person's word. One that never was in step is thrown away by the replica
 * itself (a workflow): a second upload would go the same way.
 */
import * as attemptsRepo from '../../db/attempts.repo.ts';
import { checkIdentity } from '../../domain/identity.ts';
import { notReplicable } from '../../domain/report.ts';
import { AppError } from '../../kernel/errors.ts';
import type { TrashRow } from '../../paperless/api.ts';
import { noteEdit, type Verdict } from './edits.ts';
import { endGone } from './gone.ts';
import { intendedWrite } from './intent.ts';
import { trashedByReplica } from './locate.ts';
import { end, go, identityChanged, leaseLost, masterDocument, save, type DocumentWork, type Step } from './work.ts';

export async function copyVanished(work: DocumentWork): Promise<Step> {
  const id = work.link.replica_doc_id ?? 0;
  const trashed = await provenAbsence(work, id);
  if (trashed === 'live') return go('claimed');
  const wasInStep = work.link.last_synced !== null;
  if (trashed !== null && !wasInStep) return trashedByReplica(id);
  if (!wasInStep) return end('failed', 'copy_missing', `The copy (#${id}) is neither on the replica nor in its trash.`);
  // A document that is gone on the master too is not brought back for it (deletions have their own rules).
  const master = await masterDocument(work);
  if (!master) return endGone(work);
  const verdict = await noteEdit(work, {
    field: 'document',
    base: null,
    theirs: trashed ? 'in the trash' : 'gone',
    wanted: null,
    shown: { master: 'live', replica: trashed ? 'in the trash' : 'gone' },
  });
  if (verdict !== 'overwrite') return leaveDeleted(work, id, verdict);
  work.edits.overwritten.add('document');
  return trashed ? restore(work, trashed) : sendAgain(work, id);
}

/** H4: only a superuser's token, proven before and after, makes a missing document a deleted one. */
async function provenAbsence(work: DocumentWork, id: number): Promise<TrashRow | 'live' | null> {
  const before = await work.writer.probe(work.signal);
  const live = await work.writer.document(id, work.signal);
  const trashed = (await work.writer.trash(work.signal)).find((row) => row.id === id) ?? null;
  const after = await work.writer.probe(work.signal);
  if (live) return 'live';
  if (before.isSuperuser && after.isSuperuser) return trashed;
  throw new AppError({
    code: 'token_not_superuser',
    class: 'permission',
    scope: 'instance',
    message: `The token of replica "${work.replica.name}" is not a superuser's any more: what it does not see may be there.`,
    hint: 'Use the token of a superuser who is also staff.',
  });
}

/** Not in step any more until it was read back: trashed again before that, it is the replica's own doing. */
async function restore(work: DocumentWork, trashed: TrashRow): Promise<Step> {
  const known = work.link.replica_added;
  if (known !== null && checkIdentity(known, trashed.added) === 'other') throw identityChanged('replica', trashed.id);
  await save(work, { last_synced: null, phase: 'claimed', status: 'pending' });
  const unanswered = await intendedWrite(work, {
    name: 'restore',
    plan: { document: 'restore' },
    send: () => work.writer.restoreDocument(trashed.id, work.signal),
  });
  if (unanswered) return unanswered;
  work.deps.log.warning(`Restored replica document #${trashed.id} from the trash: somebody deleted it there.`, {
    ...where(work),
    code: 'copy_restored',
  });
  return go('claimed');
}

/** Under the same R: nothing of the lost copy is left, and what its uploads left behind would be refused twice. */
async function sendAgain(work: DocumentWork, id: number): Promise<Step> {
  const released = await attemptsRepo.releaseLostCopy(work.deps.db, work.lease, id);
  if (!released) throw leaseLost();
  work.link = released;
  work.attempts = await attemptsRepo.attemptsOf(work.deps.db, work.link.id);
  work.copy = null;
  work.deps.log.warning(`The copy (#${id}) was deleted on the replica; the document is uploaded again.`, {
    ...where(work),
    code: 'copy_lost',
  });
  return go('pending');
}

function leaveDeleted(work: DocumentWork, id: number, verdict: Exclude<Verdict, 'overwrite'>): Step {
  if (verdict === 'wait')
    return end(
      'blocked',
      'conflict_open',
      `The copy (#${id}) was deleted on the replica; a person decides what becomes of it.`,
    );
  work.reports.push(notReplicable('document', 'a person chose to leave it deleted on the replica'));
  return end(
    'blocked',
    'kept_deleted',
    `The copy (#${id}) was deleted on the replica, and a person chose to leave it so.`,
  );
}

const where = (work: DocumentWork) => ({
  replicaId: work.replica.id,
  runId: work.run.id,
  docId: work.link.master_doc_id,
});
