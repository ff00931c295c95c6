/** Steps `prepared` and `sending`: the file is here, the intent is written, the POST goes out (protocol section 1). */
import * as attemptsRepo from '../../db/attempts.repo.ts';
import type { LinkPatch } from '../../db/links.repo.ts';
import type { Attempt } from '../../db/tables.ts';
import { markerTitle } from '../../domain/markers.ts';
import { HOUR } from '../../kernel/clock.ts';
import { toAppError, type AppError } from '../../kernel/errors.ts';
import type { ScratchFile } from '../scratch.ts';
import { borrowFile } from './file.ts';
import { endGone } from './gone.ts';
import { adoptExisting } from './locate.ts';
import { end, go, leaseLost, masterDocument, reservedFor, snooze, type DocumentWork, type Step } from './work.ts';

export async function prepare(work: DocumentWork): Promise<Step> {
  if (work.replica.reconcile_required !== null)
    return end('held', 'reconcile_required', `Uploads wait for a reconcile: ${work.replica.reconcile_required}`);
  const file = await borrowFile(work);
  if (!file) return endGone(work);
  await work.deps.racePoint('prepared');
  const adopted = await adoptExisting(work, file);
  if (adopted) return adopted;
  if (work.replica.uploads_held !== null)
    return end('held', 'uploads_held', `Uploads to this replica wait for a person: ${work.replica.uploads_held}.`);
  const unfenced = mayNotPostUnfenced(work);
  return unfenced ?? send(work, file);
}

/**
 * With the fence off (barcodes replace ASNs) the replica would take a second copy on 3.x: a repeat needs a day without any
 * trace of the first attempt, else a person decides.
 */
function mayNotPostUnfenced(work: DocumentWork): Step | null {
  const last = work.attempts.at(-1);
  const fenced = work.replica.asn_fence && reservedFor(work) !== null;
  if (fenced || !last || last.state === 'refused') return null;
  if (work.deps.clock.now().getTime() - last.posted_at.getTime() >= 24 * HOUR && last.looks >= 2) return null;
  return end(
    'held',
    'fence_off',
    'The replica replaces archive serial numbers (barcodes), so an upload of unknown outcome is not repeated within a day.',
  );
}

async function send(work: DocumentWork, file: ScratchFile): Promise<Step> {
  const master = await masterDocument(work);
  if (!master) return endGone(work);
  const k = (work.attempts.at(-1)?.k ?? work.replacement?.from_k ?? 0) + 1;
  const marker = markerTitle(work.deps.controllerId, master.id, k);
  const fileName = master.originalFileName ?? `document-${master.id}`;
  await work.deps.racePoint('intent.before');
  const attempt = await attemptsRepo.intendUpload(work.deps.db, work.lease, k, {
    marker,
    reserved_asn: reservedFor(work),
    sha256: file.sha256,
    md5: file.md5,
    size: file.size,
    file_name: fileName,
  });
  if (!attempt) throw leaseLost();
  work.attempts = [...work.attempts, attempt];
  await work.deps.racePoint('intent.after');
  try {
    const request = { ...file, fileName, created: master.created, title: marker, asn: attempt.reserved_asn };
    const { taskId, serverDate } = await work.writer.upload(request, work.signal);
    await work.deps.racePoint('upload.answered');
    await settle(
      work,
      attempt,
      { state: 'awaiting', task_id: taskId, replica_date: new Date(serverDate) },
      { phase: 'awaiting', task_id: taskId },
    );
    work.bytes += file.size;
    await work.deps.racePoint('upload.noted');
    return go('awaiting');
  } catch (thrown) {
    return afterFailedSend(work, attempt, toAppError(thrown));
  }
}

/** A definite refusal closes the attempt; anything else is "unknown" and is looked for before it is ever sent again. */
async function afterFailedSend(work: DocumentWork, attempt: Attempt, error: AppError): Promise<Step> {
  switch (error.class) {
    case 'unknown-outcome':
      await markUnknown(work, attempt, { failure_code: error.code });
      work.deps.log.warning(
        `Upload of unknown outcome: ${error.message} It is looked for before anything is sent again.`,
        { replicaId: work.replica.id, runId: work.run.id, docId: work.link.master_doc_id, code: error.code },
      );
      return snooze(work.deps.timings.looksApartMs);
    case 'conflict':
    case 'cancelled':
    case 'internal':
      // No refusal, and perhaps thrown after the answer: it stays `sending`, and whoever comes next treats that as unknown.
      throw error;
    default:
      await settle(
        work,
        attempt,
        { state: 'refused', failure_code: error.code, closed_at: work.deps.clock.now() },
        { phase: 'prepared' },
      );
      throw error;
  }
}

/** Step `unknown`: two looks, apart in time; then the same R once more, which the replica itself refuses if it is there. */
export async function resolveUnknown(work: DocumentWork, look: () => Promise<Step | null>): Promise<Step> {
  const attempt = work.attempts.at(-1);
  if (!attempt) return go('pending');
  if (attempt.state === 'sending') await markUnknown(work, attempt);
  const found = await look();
  if (found) return found;
  const now = work.deps.clock.now();
  const apart = attempt.looked_at === null ? 0 : now.getTime() - attempt.looked_at.getTime();
  if (attempt.looks >= 1 && apart >= work.deps.timings.looksApartMs) {
    await settle(work, attempt, { looks: attempt.looks + 1 }, {});
    return go('prepared');
  }
  if (attempt.looks === 0) await settle(work, attempt, { looks: 1, looked_at: now }, {});
  return snooze(work.deps.timings.looksApartMs - apart);
}

/**
 * From here on nobody waits for its answer. Who holds the lease knows that: a lease passes on only from a process that is
 * dead, or that gave it back after destroying its socket. The hold counts from now, since a large file takes its time.
 */
export function markUnknown(
  work: DocumentWork,
  attempt: Attempt,
  patch: attemptsRepo.AttemptPatch = {},
): Promise<void> {
  return settle(work, attempt, { ...patch, state: 'unknown', unknown_at: work.deps.clock.now() }, { phase: 'unknown' });
}

export async function settle(
  work: DocumentWork,
  attempt: Attempt,
  patch: attemptsRepo.AttemptPatch,
  link: LinkPatch,
): Promise<void> {
  if (!(await attemptsRepo.settleAttempt(work.deps.db, work.lease, attempt.id, patch, link))) throw leaseLost();
  work.attempts = work.attempts.map((one) => (one.id === attempt.id ? ({ ...one, ...patch } as Attempt) : one));
  work.link = { ...work.link, ...(link as unknown as Partial<DocumentWork['link']>) };
}
