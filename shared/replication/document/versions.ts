/**
 * The files of a copy on a 3.x replica, made equal to the master's in order and label (H9, E7). One step at a time, and after
 * each the list is read again: only what the replica shows is believed. Killed anywhere, the next look reads the same list.
 */
import type { NewVersionLink } from '../../db/versions.repo.ts';
import { versionReports } from '../../domain/compare-files.ts';
import { isAligned, type Alignment, type VersionPair } from '../../domain/versions.ts';
import { fingerprint } from '../../domain/fingerprint.ts';
import type { DocumentVersion, PaperlessDocument } from '../../domain/model.ts';
import { toAppError } from '../../kernel/errors.ts';
import { masterFiles } from './file.ts';
import { mayReplace, type ForeignFile } from './foreign-file.ts';
import { intendedWrite } from './intent.ts';
import { align, allVersionsClosed, linkVersion, loadVersions, unlinkVersion, withoutContent } from './version-state.ts';
import { resolveVersion, sendVersion } from './version-upload.ts';
import { end, go, readCopy, save, type DocumentWork, type Step, type VersionState } from './work.ts';

/** Looks at the list in one look at the link; a document with more versions goes on in the next. */
const MAX_TURNS = 200;
/** An upload younger than this is waited for before anything else is written. */
const YOUNG_MS = 60_000;

/** A step: the look ends here, or starts over. Null: go on with the fields; `work.fileStep` says what is left of the file. */
export async function syncVersions(work: DocumentWork, master: PaperlessDocument): Promise<Step | null> {
  const files = await masterFiles(work, master);
  if (files === null) {
    work.masterDoc = null;
    return go('claimed');
  }
  const copy = await readCopy(work);
  if (!copy || isPlain(work, files, copy)) return null;
  const state = await loadVersions(work, files);
  work.versions = state;
  for (let turn = 0; turn < MAX_TURNS; turn += 1) {
    const step = await takeTurn(work, master, state);
    if (step === 'again') continue;
    return step === null ? null : laterOr(work, state, step);
  }
  return end('held', 'versions_unfinished', 'The document has more versions than one look carries over.');
}

/** One file on either side, the same, without a label: nothing to look up. */
function isPlain(work: DocumentWork, files: VersionState['files'], copy: PaperlessDocument): boolean {
  if (work.link.version_k > 0 || files.length > 1 || copy.versions.length > 1) return false;
  const plan = align(work, { files, links: [] }, copy, null);
  return isAligned(plan) && !plan.pairs.some((pair) => pair.altered);
}

/** What waits for a young upload waits as a whole; anything longer must not keep the other fields back. */
function laterOr(work: DocumentWork, state: VersionState, step: Step): Step | null {
  if (step.kind === 'go') return step;
  const posted = state.attempts.at(-1)?.posted_at.getTime() ?? 0;
  if (step.kind === 'snooze' && work.deps.clock.now().getTime() - posted < YOUNG_MS) return step;
  work.fileStep = step;
  work.contentHeld = true;
  return null;
}

async function takeTurn(
  work: DocumentWork,
  master: PaperlessDocument,
  state: VersionState,
): Promise<Step | 'again' | null> {
  const open = state.attempts.at(-1);
  const waiting = await resolveVersion(work, state);
  if (waiting) return waiting;
  if (open && open.closed_at === null) return 'again';
  const copy = await readCopy(work);
  if (!copy) return null;
  const plan = await planOf(work, state, copy);
  for (const pair of plan.pairs) if (pair.fresh) await remember(work, state, pair);
  if (plan.restore) return bringBack(work, state, copy, plan.restore.versionId);
  const { surplus, missing } = plan;
  const foreign = surplus.filter((one) => one.foreign).map((one) => one.version);
  if (foreign.length > 0 && !(await mayReplace(work, foreignFile(state, copy, foreign)))) return null;
  const [first] = surplus;
  if (first) return takeAway(work, state, copy, first.version);
  const [next] = missing;
  if (next) {
    if (plan.strayRoot) await rememberFirst(work, state, copy);
    return (await sendVersion(work, state, master, copy, next)) ?? 'again';
  }
  return settleLabels(work, state, copy, plan);
}

function foreignFile(state: VersionState, copy: PaperlessDocument, foreign: readonly DocumentVersion[]): ForeignFile {
  const rows = [...copy.versions].sort((a, b) => a.id - b.id);
  return {
    wanted: state.files.map(({ checksum }) => checksum),
    actual: rows.map(({ checksum }) => checksum),
    shown: { replica: { versions: foreign.map(({ id, label }) => ({ id, label })) } },
  };
}

async function planOf(work: DocumentWork, state: VersionState, copy: PaperlessDocument): Promise<Alignment> {
  const plan = align(work, state, copy, null);
  if (!plan.needsTrash) return plan;
  const trash = await work.writer.trash(work.signal);
  const ours = trash.filter((row) => row.rootDocument === copy.id).map((row) => row.id);
  return align(work, state, copy, new Set(ours));
}

/** Found by its bytes: a seeded replica has its versions already, and older releases kept no rows of them. */
async function remember(work: DocumentWork, state: VersionState, { file, version }: VersionPair): Promise<void> {
  const { file_checksum, file_md5 } = work.link;
  const isMd5 = file.checksum.length === 32;
  const sent = (isMd5 ? file_md5 : file_checksum) === file.checksum;
  const row = {
    master_version_id: file.id,
    replica_version_id: version.id,
    sha256: isMd5 ? (sent ? file_checksum : null) : file.checksum,
    md5: isMd5 ? file.checksum : sent ? file_md5 : null,
    stored_checksum: version.checksum,
  };
  await linkVersion(work, state, row);
}

/** A 2.20 master changed its one file: the link is about to know the new one only, and the copy's first file is the old one. */
async function rememberFirst(work: DocumentWork, state: VersionState, copy: PaperlessDocument): Promise<void> {
  const [file] = state.files;
  const root = copy.versions.find((version) => version.isRoot);
  if (!file || file.label !== undefined || !root) return;
  if (state.links.some((link) => link.replica_version_id === root.id)) return;
  await linkVersion(work, state, {
    master_version_id: file.id,
    replica_version_id: root.id,
    sha256: work.link.file_checksum,
    md5: work.link.file_md5,
    stored_checksum: root.checksum,
  });
}

async function bringBack(
  work: DocumentWork,
  state: VersionState,
  copy: PaperlessDocument,
  versionId: number,
): Promise<Step | 'again'> {
  await forgetContent(work);
  const unanswered = await intendedWrite(work, {
    plan: { version: fingerprint(versionId) },
    name: 'version.restore',
    send: () => work.writer.restoreDocument(versionId, work.signal),
  });
  if (unanswered) return unanswered;
  work.deps.log.info(`Version #${versionId} of replica document #${copy.id} was brought back from the trash.`, {
    ...where(work),
    code: 'version_restored',
  });
  const link = state.links.find((one) => one.replica_version_id === versionId);
  const back = (await readCopy(work))?.versions.find(({ id }) => id === versionId);
  if (!link || !back) return 'again';
  // An instance that was restored gives its ids anew: then this is not the version that was known by it.
  const other = link.stored_checksum !== '' && link.stored_checksum !== back.checksum;
  if (other) await unlinkVersion(work, state, versionId, 'forgotten');
  else await linkVersion(work, state, { ...rowOf(link), stored_checksum: back.checksum });
  return 'again';
}

const rowOf = (link: VersionState['links'][number]): NewVersionLink => ({
  master_version_id: link.master_version_id,
  replica_version_id: link.replica_version_id,
  sha256: link.sha256,
  md5: link.md5,
  stored_checksum: link.stored_checksum,
});

/** To the trash, from where it can be brought back by its id. */
async function takeAway(
  work: DocumentWork,
  state: VersionState,
  copy: PaperlessDocument,
  version: DocumentVersion,
): Promise<Step | 'again'> {
  await forgetContent(work);
  const unanswered = await intendedWrite(work, {
    plan: { version: fingerprint(version.id) },
    name: 'version.delete',
    send: () => deleteQuietly(work, copy.id, version.id),
  });
  if (unanswered) return unanswered;
  work.deps.log.info(`Version #${version.id} of replica document #${copy.id} was moved to the trash.`, {
    ...where(work),
    code: 'version_removed',
  });
  await unlinkVersion(work, state, version.id, 'removed');
  return 'again';
}

async function forgetContent(work: DocumentWork): Promise<void> {
  const patch = withoutContent(work);
  if (patch.applied !== undefined) await save(work, patch);
}

async function deleteQuietly(work: DocumentWork, id: number, versionId: number): Promise<void> {
  try {
    await work.writer.deleteVersion(id, versionId, work.signal);
  } catch (thrown) {
    // Somebody was faster; the list is read again in any case.
    if (toAppError(thrown).code !== 'object_not_found') throw thrown;
  }
}

/** The last step: the marks of uploads give way to the master's labels once no upload can come any more. */
async function settleLabels(
  work: DocumentWork,
  state: VersionState,
  copy: PaperlessDocument,
  plan: Alignment,
): Promise<Step | 'again' | null> {
  work.fileReports = versionReports(plan, state.files);
  if (!allVersionsClosed(work, state)) {
    const due = new Date(work.deps.clock.now().getTime() + work.deps.timings.unknownHoldMs / 2);
    return end(
      'held',
      'version_unsettled',
      'All versions are there; their labels and the text wait until no repeat of an upload can come any more.',
      { phase: 'releasing', next_due_at: due },
    );
  }
  const [wrong] = plan.labels;
  if (wrong) {
    const { version, label } = wrong;
    const unanswered = await intendedWrite(work, {
      plan: { version_label: fingerprint(label) },
      name: 'version.label',
      send: () => work.writer.setVersionLabel(copy.id, version.id, label, work.signal),
    });
    return unanswered ?? 'again';
  }
  if (!plan.pairs.some((pair) => pair.altered)) return null;
  return end('blocked', 'altered_by_replica', 'The replica stores other bytes than were sent.');
}

const where = (work: DocumentWork) => ({
  replicaId: work.replica.id,
  runId: work.run.id,
  docId: work.link.master_doc_id,
});

/** Whether a copy that was read at the very end still has the versions this look made or found. */
export function versionsStand(work: DocumentWork, copy: PaperlessDocument): boolean {
  if (!work.versions || work.contentHeld) return true;
  const plan = align(work, work.versions, copy, null);
  return isAligned(plan) && !plan.needsTrash;
}
