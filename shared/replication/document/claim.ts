/** Making a replica document the copy of a link: identity first, then compare-and-set, and only then any PATCH. */
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import * as attemptsRepo from '../../db/attempts.repo.ts';
import { ownersOf } from '../../db/links.repo.ts';
import { bearsMark } from '../../domain/markers.ts';
import type { PaperlessDocument } from '../../domain/model.ts';
import { AppError, toAppError } from '../../kernel/errors.ts';
import { checkDistinctLibraries } from '../check-distinct-libraries.ts';
import { copyChecksum, matches } from './file.ts';
import { claimReplacement } from './claim-replacement.ts';
import { isUploadingNew } from './replacement.ts';
import { forgetVersions } from './version-state.ts';
import { end, go, leaseLost, reservedFor, type DocumentWork, type Step } from './work.ts';

/** Compare-and-set of (n, added); from here on this document and no other is the copy. */
export async function claim(work: DocumentWork, copy: PaperlessDocument, storedChecksum: string): Promise<Step> {
  if (!work.replica.library_proven && copy.asn !== reservedFor(work)) await proveByMarker(work);
  await closeSource(work, copy);
  if (isUploadingNew(work)) return claimReplacement(work, copy, storedChecksum);
  await work.deps.racePoint('claim.before');
  const result = await attemptsRepo.claimCopy(work.deps.db, work.lease, {
    replicaDocId: copy.id,
    added: copy.added,
    storedChecksum,
    patch: { task_id: null, status: 'pending', locate: false },
  });
  await work.deps.racePoint('claim.after');
  if (result === 'lease-lost') throw leaseLost();
  if (result === 'taken')
    return end('failed', 'copy_taken', `Replica document #${copy.id} belongs to another master document.`);
  work.link = {
    ...work.link,
    replica_doc_id: copy.id,
    replica_added: copy.added,
    stored_checksum: storedChecksum,
    phase: 'claimed',
  };
  work.copy = copy;
  work.transferred = true;
  // Versions of a copy that was lost are none of this one.
  if (work.findings.generation === 'v3') await forgetVersions(work);
  await wakeWaitingLinks(work);
  if (!work.replica.library_proven) await proveLibrary(work);
  return go('claimed');
}

/**
 * A copy that bears an attempt's marker (or R, if there was but one attempt) is what became of it, whatever its task's row
 * says or does not say (F5): nothing more can come of it. Noted first, since a claimed copy's attempts are not asked again.
 */
async function closeSource(work: DocumentWork, copy: PaperlessDocument): Promise<void> {
  const only =
    work.attempts.length === 1 && copy.asn !== null && copy.asn === reservedFor(work) ? work.attempts[0] : undefined;
  const source = work.attempts.find((attempt) => attempt.marker === copy.title) ?? only;
  if (!source || source.state === 'success') return;
  const now = work.deps.clock.now();
  const patch = {
    state: 'success',
    success_doc_id: copy.id,
    terminal_at: source.terminal_at ?? now,
    closed_at: now,
  } as const;
  if (!(await attemptsRepo.settleAttempt(work.deps.db, work.lease, source.id, patch))) throw leaseLost();
  work.attempts = work.attempts.map((attempt) => (attempt.id === source.id ? { ...attempt, ...patch } : attempt));
}

/** Documents that name this one in a link field and waited for its copy are due again. */
async function wakeWaitingLinks(work: DocumentWork): Promise<void> {
  await sql`update sync_map set next_due_at = null
    where replica_id = ${work.replica.id} and error_code = 'link_target_missing'`.execute(work.deps.db);
}

/** E26: a copy that was found and not sent bears no R to look for, so a marker tag tells the two libraries apart. */
async function proveByMarker(work: DocumentWork): Promise<void> {
  try {
    await checkDistinctLibraries(
      { randomHex: (bytes) => randomBytes(bytes).toString('hex') },
      { master: work.master, replica: work.writer },
      work.signal,
    );
  } catch (thrown) {
    const error = toAppError(thrown);
    error.target ??= work.replica.id;
    throw error;
  }
}

/** H23: the first upload runs alone; while it bears R the master must not show it. */
async function proveLibrary(work: DocumentWork): Promise<void> {
  const reserved = reservedFor(work);
  const hit = reserved === null ? null : await work.master.byAsn(reserved, work.signal);
  if (hit)
    throw Object.assign(
      new AppError({
        code: 'same_library',
        class: 'config',
        scope: 'instance',
        message: `Master and replica "${work.replica.name}" are one library: the first upload to the replica showed on the master.`,
        hint: 'Remove this replica, or correct its address.',
      }),
      { target: work.replica.id },
    );
  await work.deps.db.updateTable('replicas').set({ library_proven: true }).where('id', '=', work.replica.id).execute();
}

/**
 * The holder of our reserved ASN, or a document with our marker title. Ours if its original bytes are those of an attempt
 * (or, after a lost database, of the master's file); a fragment or a stranger otherwise, which is never claimed.
 */
export async function claimHolder(
  work: DocumentWork,
  id: number,
  known: readonly { md5: string; sha256: string }[],
): Promise<Step> {
  const copy = await work.writer.document(id, work.signal);
  if (!copy) return { kind: 'snooze', ms: 1000 };
  const checksum = await copyChecksum(work, copy);
  if (checksum && known.some((file) => matches(file, checksum))) return claim(work, copy, checksum);
  if (checksum && (await attemptsRepo.attemptsOf(work.deps.db, work.link.id)).some((old) => matches(old, checksum)))
    return end(
      'held',
      'late_copy',
      `A late copy of an older file (document #${copy.id}) holds the reserved number; the next run takes it away first.`,
    );
  if (checksum && bearsMark(copy, work.settings.asnBase, work.link.master_doc_id) && copy.title.startsWith('pngx.'))
    return end(
      'failed',
      'altered_by_replica',
      `The replica stores other bytes than were sent (document #${copy.id}); uploads to it wait until someone looks.`,
    );
  return end(
    'failed',
    'asn_refused',
    `Replica document #${copy.id} holds the archive serial number that is reserved for this upload.`,
  );
}

export type Adoption = 'adoptable' | 'owned' | 'marked' | 'different' | 'not-live';

/** H3: `#n` of a duplicate refusal is only a hint. */
export async function adoptability(
  work: DocumentWork,
  id: number,
  file: { md5: string; sha256: string },
): Promise<{ verdict: Adoption; copy: PaperlessDocument | null; checksum: string | null }> {
  const copy = await work.writer.document(id, work.signal);
  if (!copy) return { verdict: 'not-live', copy, checksum: null };
  const owners = await ownersOf(work.deps.db, work.replica.id, [id]);
  if (owners.some((owner) => owner.id !== work.link.id)) return { verdict: 'owned', copy, checksum: null };
  const marked = copy.title.startsWith('pngx.') || (copy.asn !== null && copy.asn >= work.settings.asnBase);
  if (marked && !bearsMark(copy, work.settings.asnBase, work.link.master_doc_id))
    return { verdict: 'marked', copy, checksum: null };
  const checksum = await copyChecksum(work, copy);
  return { verdict: checksum && matches(file, checksum) ? 'adoptable' : 'different', copy, checksum };
}
