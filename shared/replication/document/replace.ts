/**
 * A changed file on a 2.20 replica (H14): uploaded as a document of its own, made equal, given the old copy's place and
 * number; then the old copy goes to the trash. r1 uploading, r2 claimed, r3 fields written, r4 old number cleared, r5 number
 * moved, r6 the link names the new copy, r7 links of others moved, r8 old copy retired. Killed anywhere, the step on record
 * says where to go on, and every step may be taken twice.
 */
import * as attemptsRepo from '../../db/attempts.repo.ts';
import * as replacementsRepo from '../../db/replacements.repo.ts';
import { markDirtyByReplicaDoc, ownersOf } from '../../db/links.repo.ts';
import { entryPhase, type Phase } from '../../domain/document-state.ts';
import { checkIdentity } from '../../domain/identity.ts';
import { fingerprint } from '../../domain/fingerprint.ts';
import type { PaperlessDocument } from '../../domain/model.ts';
import { idsOf } from '../../domain/translate/custom-fields.ts';
import { toAppError } from '../../kernel/errors.ts';
import { allClosed, releaseLater } from './attempt-facts.ts';
import type { Finalising } from './finalise.ts';
import { intendedWrite } from './intent.ts';
import { underLeases, writeLinks } from './links.ts';
import { abandon, isUploadingNew, stepTo, takeOver } from './replacement.ts';
import { go, leaseLost, type DocumentWork, type Step } from './work.ts';

/** Step r1: from here on the link's upload is looked for, sent and awaited as any other, under the same R. */
export async function beginReplacement(
  work: DocumentWork,
  copy: PaperlessDocument,
  actualChecksum: string,
): Promise<Step> {
  await work.deps.racePoint('replace.r1.before');
  const begun = await replacementsRepo.beginReplacement(work.deps.db, work.lease, work.replica.id, {
    from_k: work.attempts.at(-1)?.k ?? 0,
    old_doc_id: copy.id,
    old_added: copy.added,
    old_checksum: actualChecksum,
  });
  if (!begun) throw leaseLost();
  await work.deps.racePoint('replace.r1.after');
  work.link = begun.link;
  work.replacement = begun.replacement;
  work.attempts = [];
  work.copy = null;
  work.deps.log.info(`The file changed; it is uploaded anew, and replica document #${copy.id} is retired afterwards.`, {
    ...where(work),
    code: 'file_replacing',
  });
  return go('pending');
}

/** All fields of the new copy are as they can be at this step. Null: nothing is being replaced (any more). */
export async function continueReplacement(
  work: DocumentWork,
  copy: PaperlessDocument,
  state: Finalising,
): Promise<Step | null> {
  switch (work.replacement?.step) {
    case 'r2':
      return next(work, 'r3');
    case 'r3':
      return clearOldNumber(work);
    case 'r4':
      return next(work, 'r5');
    case 'r5':
      await stepTo(work, 'r6', {}, takeOver(work.replacement));
      return go('claimed');
    case 'r6':
      return moveLinks(work, copy, state);
    case 'r7':
      return retireOld(work);
    default:
      return null;
  }
}

async function next(work: DocumentWork, step: 'r3' | 'r5'): Promise<Step> {
  await stepTo(work, step);
  return go('claimed');
}

/** Towards r4. R is given up right after it, so nothing may come of any upload any more: else the look ends as `releasing`. */
async function clearOldNumber(work: DocumentWork): Promise<Step> {
  if (!allClosed(work)) return releaseLater(work);
  const old = await readOld(work);
  if (old && old.asn !== null) {
    const unanswered = await intendedWrite(work, {
      name: 'replace.asn',
      plan: { asn: fingerprint(null) },
      send: () => work.writer.patchDocument(old.id, { archive_serial_number: null }, work.signal),
    });
    if (unanswered) return unanswered;
  }
  await stepTo(work, 'r4');
  return go('claimed');
}

/** Towards r7: links to and from the new copy first, then the old one gives up its own, which takes it off all other ends. */
async function moveLinks(work: DocumentWork, copy: PaperlessDocument, state: Finalising): Promise<Step | null> {
  const linked = await writeLinks(work, state, copy);
  if (linked) return linked;
  const old = await readOld(work);
  const fields = old?.customFields.filter(({ field }) => state.linkFields.has(field)) ?? [];
  const named = [...new Set(fields.flatMap(({ value }) => idsOf(value)))];
  if (old && named.length > 0) {
    const owners = await ownersOf(work.deps.db, work.replica.id, named);
    const step = await underLeases(
      work,
      owners.map((owner) => owner.id),
      () => unlinkOld(work, old, state, new Set(owners.flatMap((one) => (one.excluded ? [one.replica_doc_id] : [])))),
    );
    if (step) return step;
    await markDirtyByReplicaDoc(work.deps.db, work.replica.id, named);
  }
  await stepTo(work, 'r7');
  return go('claimed');
}

/** All but `kept`: copies of excluded documents are not written to, and each end of a link is both. */
async function unlinkOld(
  work: DocumentWork,
  old: PaperlessDocument,
  state: Finalising,
  kept: ReadonlySet<number>,
): Promise<Step | null> {
  const items = old.customFields.map(({ field, value }) => ({
    field,
    value: state.linkFields.has(field) ? idsOf(value).filter((id) => kept.has(id)) : value,
  }));
  try {
    return await intendedWrite(work, {
      name: 'replace.links',
      plan: { document_links: fingerprint([]) },
      send: () => work.writer.patchDocument(old.id, { custom_fields: items }, work.signal),
    });
  } catch (thrown) {
    // One of its values is none that paperless takes back: the documents at the other ends are looked at one by one.
    if (toAppError(thrown).code !== 'values_refused') throw thrown;
    return null;
  }
}

/** Step r8: only what is provably the copy that was replaced, untouched since, goes; and only to the trash. */
async function retireOld(work: DocumentWork): Promise<Step> {
  const { replacement } = work;
  if (!replacement) return go('claimed');
  const old = await readOld(work);
  if (!old) return finished(work, 'done');
  const checksum = (await work.writer.originalChecksum(old.id, work.signal))?.hex.toLowerCase();
  const owners = await ownersOf(work.deps.db, work.replica.id, [old.id]);
  const owned = owners.some((owner) => owner.id !== work.link.id);
  if (checksum !== replacement.old_checksum || owned || old.asn !== null) {
    work.deps.log.warning(
      `Replica document #${old.id} was replaced by #${work.link.replica_doc_id}, but was changed since: it is left alone.`,
      { ...where(work), code: 'old_copy_kept' },
    );
    return finished(work, 'kept');
  }
  const unanswered = await intendedWrite(work, {
    name: 'replace.trash',
    plan: { document: 'retire' },
    send: () => trashQuietly(work, old.id),
  });
  if (unanswered) return unanswered;
  return finished(work, 'done');
}

async function trashQuietly(work: DocumentWork, id: number): Promise<void> {
  try {
    await work.writer.trashDocument(id, work.signal);
  } catch (thrown) {
    if (toAppError(thrown).code !== 'object_not_found') throw thrown;
  }
}

async function finished(work: DocumentWork, step: 'done' | 'kept'): Promise<Step> {
  await stepTo(work, step);
  work.attempts = await attemptsRepo.attemptsOf(work.deps.db, work.link.id);
  return go('claimed');
}

/** The old copy, if it lives and still is the document that was replaced (H2). */
async function readOld(work: DocumentWork): Promise<PaperlessDocument | null> {
  const { replacement } = work;
  if (!replacement) return null;
  const old = await work.writer.document(replacement.old_doc_id, work.signal);
  return old && checkIdentity(replacement.old_added, old.added) !== 'other' ? old : null;
}

/** The master document is gone: what was begun is undone as far as it can be. Null: nothing is being replaced. */
export async function leaveReplacement(work: DocumentWork): Promise<Step | null> {
  const { replacement } = work;
  if (!replacement) return null;
  if (replacement.step === 'r1') {
    const last = work.attempts.at(-1);
    if (last && ['sending', 'unknown', 'awaiting', 'success'].includes(last.state))
      return go(last.state === 'awaiting' || last.state === 'success' ? 'awaiting' : 'unknown');
    await abandon(work);
    return go('claimed');
  }
  if (replacement.step === 'r6' || replacement.step === 'r7') return retireOld(work);
  const id = replacement.new_doc_id ?? 0;
  const unanswered = await intendedWrite(work, {
    name: 'replace.undo',
    plan: { document: 'retire' },
    send: () => trashQuietly(work, id),
  });
  if (unanswered) return unanswered;
  await abandon(work);
  return go('claimed');
}

/**
 * Where a look at a link in step r1 begins; null: the link has its old copy. After a refusal the other fields of the old copy
 * come first, and then the file anew; a person who took the permission back stops what was not sent yet.
 */
export async function resumeReplacement(work: DocumentWork): Promise<Phase | null> {
  if (!isUploadingNew(work)) return null;
  const last = work.attempts.at(-1)?.state ?? null;
  const idle = last === null ? !work.replica.replace_files_on_v2 : last === 'failure' || last === 'refused';
  if (!idle) return entryPhase({ replicaDocId: null, lastAttempt: last });
  await abandon(work);
  return null;
}

const where = (work: DocumentWork) => ({
  replicaId: work.replica.id,
  runId: work.run.id,
  docId: work.link.master_doc_id,
});
