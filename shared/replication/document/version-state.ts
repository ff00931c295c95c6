/** What one look at a link knows of the versions of its copy; read from the database once, and only where there are any. */
import type { LinkPatch } from '../../db/links.repo.ts';
import * as versionsRepo from '../../db/versions.repo.ts';
import type { VersionAttempt, VersionLink } from '../../db/tables.ts';
import { isClosed, type AttemptFacts } from '../../domain/attempt-rules.ts';
import type { PaperlessDocument } from '../../domain/model.ts';
import { alignVersions, type Alignment, type KnownVersion, type MasterFile } from '../../domain/versions.ts';
import { leaseLost, type DocumentWork, type VersionState } from './work.ts';

export const VERSION_LOST = 'version_lost';

export async function loadVersions(work: DocumentWork, files: readonly MasterFile[]): Promise<VersionState> {
  return {
    files,
    attempts: work.link.version_k === 0 ? [] : await versionsRepo.versionAttemptsOf(work.deps.db, work.link.id),
    links: await versionsRepo.versionLinksOf(work.deps.db, [work.link.id]),
  };
}

export function toKnown(link: VersionLink): KnownVersion {
  return {
    masterVersionId: link.master_version_id,
    replicaVersionId: link.replica_version_id,
    sha256: link.sha256,
    md5: link.md5,
    stored: link.stored_checksum,
    state: link.state,
  };
}

export function align(
  work: DocumentWork,
  state: Pick<VersionState, 'files' | 'links'>,
  copy: PaperlessDocument,
  inTrash: ReadonlySet<number> | null,
): Alignment {
  return alignVersions({
    master: state.files,
    copy: copy.versions,
    known: state.links.map(toKnown),
    root: { sha256: work.link.file_checksum, md5: work.link.file_md5, stored: work.link.stored_checksum },
    inTrash,
  });
}

export async function settleVersion(
  work: DocumentWork,
  state: VersionState,
  attempt: VersionAttempt,
  patch: versionsRepo.VersionAttemptPatch,
): Promise<VersionAttempt> {
  if (!(await versionsRepo.settleVersion(work.deps.db, work.lease, attempt.id, patch))) throw leaseLost();
  const settled = { ...attempt, ...patch } as VersionAttempt;
  state.attempts = state.attempts.map((one) => (one.id === attempt.id ? settled : one));
  return settled;
}

/** Whether nothing can come of any version upload any more: only then do the marks go, and only then is text written. */
export function allVersionsClosed(work: DocumentWork, state: VersionState): boolean {
  const now = work.deps.clock.now().getTime();
  return state.attempts.every(
    (attempt) => isGivenUp(attempt) || isClosed(versionFacts(attempt), 'v3', now, work.deps.timings),
  );
}

/** Without row and version for as long as a message can come again (H9). Should it come all the same, its mark tells. */
const isGivenUp = (attempt: VersionAttempt): boolean =>
  attempt.failure_code === VERSION_LOST && attempt.closed_at !== null;

export function versionFacts(attempt: VersionAttempt): AttemptFacts {
  return {
    state: attempt.state,
    postedAt: attempt.posted_at.getTime(),
    startedSeenAt: attempt.started_seen_at?.getTime() ?? null,
    terminalAt: attempt.terminal_at?.getTime() ?? null,
    senderGoneAt: attempt.unknown_at?.getTime() ?? null,
    sameBytes: false,
  };
}

/** Keeps what a version of the copy stands for; the text of the copy's newest file is no edit of anybody after it (H18). */
export async function linkVersion(
  work: DocumentWork,
  state: VersionState,
  row: versionsRepo.NewVersionLink,
  patch: LinkPatch = {},
): Promise<void> {
  const link = await versionsRepo.linkVersion(work.deps.db, work.lease, row, { ...patch, ...withoutContent(work) });
  if (!link) throw leaseLost();
  work.link = link;
  state.links = await versionsRepo.versionLinksOf(work.deps.db, [link.id]);
}

export async function unlinkVersion(
  work: DocumentWork,
  state: VersionState,
  replicaVersionId: number,
  to: 'removed' | 'forgotten',
): Promise<void> {
  if (!(await versionsRepo.unlinkVersion(work.deps.db, work.lease, replicaVersionId, to))) throw leaseLost();
  state.links = await versionsRepo.versionLinksOf(work.deps.db, [work.link.id]);
}

/** The newest file of the copy becomes another one: its text as last seen says nothing any more. */
export function withoutContent(work: DocumentWork): { applied?: string } {
  const { applied } = work.link;
  if (!applied || !('content' in applied)) return {};
  const { content: _content, ...rest } = applied;
  return { applied: JSON.stringify(rest) };
}

export async function forgetVersions(work: DocumentWork): Promise<void> {
  if (!(await versionsRepo.forgetVersions(work.deps.db, work.lease))) throw leaseLost();
}
