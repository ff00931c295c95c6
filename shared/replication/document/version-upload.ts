/** One file of the master on its way to become a version of the copy (H9): the intent, the POST, and what came of it. */
import * as attemptsRepo from '../../db/attempts.repo.ts';
import * as versionsRepo from '../../db/versions.repo.ts';
import type { VersionAttempt } from '../../db/tables.ts';
import type { DocumentVersion, PaperlessDocument } from '../../domain/model.ts';
import { pollDelay } from '../../domain/retry-policy.ts';
import { isVersionLabel, mayPostVersionAgain, versionLabel } from '../../domain/version-rules.ts';
import type { MasterFile } from '../../domain/versions.ts';
import { delay, MINUTE, SECOND } from '../../kernel/clock.ts';
import { toAppError, type AppError } from '../../kernel/errors.ts';
import type { ConsumeTask } from '../../paperless/api.ts';
import { holdUploads } from './altered.ts';
import { borrowVersion, matches } from './file.ts';
import { failureKind, type FailureKind } from './failure-kind.ts';
import { linkVersion, settleVersion, VERSION_LOST, versionFacts } from './version-state.ts';
import { end, go, leaseLost, readCopy, snooze, type DocumentWork, type Step, type VersionState } from './work.ts';

/** A step: it waits or cannot go on. Null: look at the version list again. */
export async function sendVersion(
  work: DocumentWork,
  state: VersionState,
  master: PaperlessDocument,
  copy: PaperlessDocument,
  file: MasterFile,
): Promise<Step | null> {
  if (work.replica.reconcile_required !== null)
    return end('held', 'reconcile_required', `Uploads wait for a reconcile: ${work.replica.reconcile_required}`);
  if (work.replica.uploads_held !== null)
    return end('held', 'uploads_held', `Uploads to this replica wait for a person: ${work.replica.uploads_held}.`);
  if ((await attemptsRepo.outstandingUploads(work.deps.db, work.replica.id)) >= work.settings.maxReplicaQueue)
    return snooze(3 * SECOND);
  const lent = await borrowVersion(work, master, file);
  if (!lent) {
    // The master's list moved meanwhile: its document is read anew.
    work.masterDoc = null;
    return go('claimed');
  }
  try {
    return await post(work, state, copy, file, lent);
  } finally {
    lent.giveBack();
  }
}

async function post(
  work: DocumentWork,
  state: VersionState,
  copy: PaperlessDocument,
  file: MasterFile,
  { file: bytes, fileName }: NonNullable<Awaited<ReturnType<typeof borrowVersion>>>,
): Promise<Step | null> {
  const k = work.link.version_k + 1;
  const label = versionLabel(work.deps.controllerId, file.id, k);
  await work.deps.racePoint('version.intent.before');
  const attempt = await versionsRepo.intendVersion(work.deps.db, work.lease, k, {
    master_version_id: file.id,
    label,
    sha256: bytes.sha256,
    md5: bytes.md5,
    size: bytes.size,
    file_name: fileName,
  });
  if (!attempt) throw leaseLost();
  state.attempts = [...state.attempts, attempt];
  work.link = { ...work.link, version_k: k, phase: 'awaiting', status: 'pending' };
  work.copy = null;
  await work.deps.racePoint('version.intent.after');
  try {
    const { taskId, serverDate } = await work.writer.uploadVersion(copy.id, { ...bytes, fileName, label }, work.signal);
    await work.deps.racePoint('version.answered');
    await settleVersion(work, state, attempt, {
      state: 'awaiting',
      task_id: taskId,
      replica_date: new Date(serverDate),
    });
    work.bytes += bytes.size;
    work.transferred = true;
    await work.deps.racePoint('version.noted');
    return null;
  } catch (thrown) {
    return afterFailedPost(work, state, attempt, toAppError(thrown));
  }
}

async function afterFailedPost(
  work: DocumentWork,
  state: VersionState,
  attempt: VersionAttempt,
  error: AppError,
): Promise<Step | null> {
  const now = work.deps.clock.now();
  switch (error.class) {
    case 'unknown-outcome':
      await settleVersion(work, state, attempt, { state: 'unknown', unknown_at: now, failure_code: error.code });
      work.deps.log.warning(
        `Upload of a version of unknown outcome: ${error.message} It is looked for before anything is sent again.`,
        { replicaId: work.replica.id, runId: work.run.id, docId: work.link.master_doc_id, code: error.code },
      );
      return snooze(work.deps.timings.looksApartMs);
    case 'conflict':
    case 'cancelled':
    case 'internal':
      // As with the first file: it stays `sending`, and whoever comes next treats that as unknown.
      throw error;
    default:
      await settleVersion(work, state, attempt, { state: 'refused', failure_code: error.code, closed_at: now });
      throw error;
  }
}

/** The last attempt, if its end is not known. A step: it is waited for. Null: nothing is open, or the list has to be read again. */
export async function resolveVersion(work: DocumentWork, state: VersionState): Promise<Step | null> {
  let attempt = state.attempts.at(-1);
  if (!attempt || attempt.closed_at !== null) return null;
  if (attempt.state === 'sending')
    attempt = await settleVersion(work, state, attempt, { state: 'unknown', unknown_at: work.deps.clock.now() });
  const copy = await readCopy(work);
  const row = copy && versionOf(state, attempt, copy);
  if (row) return took(work, state, attempt, row);
  if (attempt.state === 'failure') return lookAgain(work, state, attempt, attempt.failure_code as FailureKind);
  const task = attempt.task_id === null ? await findTask(work, attempt) : await pollTask(work, attempt);
  if (task && attempt.task_id === null)
    attempt = await settleVersion(work, state, attempt, { state: 'awaiting', task_id: task.taskId });
  if (!task) return lookAgain(work, state, attempt, null);
  switch (task.state) {
    case 'success':
      return onSuccess(work, state, attempt, task);
    case 'failure':
    case 'revoked':
      return onFailure(work, state, attempt, task);
    default:
      return stillWaiting(work, state, attempt, task);
  }
}

/** Our mark, whatever its task says; or our bytes in a version nobody accounts for (a person may have changed its label). */
function versionOf(state: VersionState, attempt: VersionAttempt, copy: PaperlessDocument): DocumentVersion | undefined {
  const linked = new Set(state.links.map((link) => link.replica_version_id));
  const free = copy.versions.filter((version) => !version.isRoot && !linked.has(version.id));
  return (
    free.find((version) => version.label === attempt.label) ??
    free.find((version) => version.checksum === attempt.sha256 && !isVersionLabel(version.label))
  );
}

async function took(
  work: DocumentWork,
  state: VersionState,
  attempt: VersionAttempt,
  version: Pick<DocumentVersion, 'id' | 'checksum'>,
): Promise<null> {
  const now = work.deps.clock.now();
  await work.deps.racePoint('version.link.before');
  await settleVersion(work, state, attempt, {
    state: 'success',
    replica_version_id: version.id,
    terminal_at: attempt.terminal_at ?? now,
    closed_at: now,
  });
  const row = {
    master_version_id: attempt.master_version_id,
    replica_version_id: version.id,
    sha256: attempt.sha256,
    md5: attempt.md5,
    stored_checksum: version.checksum,
  };
  const single = state.files.length === 1 && state.files[0]?.label === undefined;
  // What a 2.20 master's one file is compared with: it tells no SHA-256.
  const file = single ? { file_checksum: attempt.sha256, file_md5: attempt.md5, file_size: attempt.size } : {};
  await linkVersion(work, state, row, file);
  await work.deps.racePoint('version.link.after');
  if (version.checksum !== '' && !matches(attempt, version.checksum)) await holdUploads(work);
  return null;
}

async function findTask(work: DocumentWork, attempt: VersionAttempt): Promise<ConsumeTask | null> {
  const since = new Date(attempt.posted_at.getTime() + work.findings.clockOffsetMs - 10 * MINUTE).toISOString();
  const tasks = await work.writer.tasksSince(since, work.signal);
  return tasks.find((task) => task.overrides?.versionLabel === attempt.label) ?? null;
}

async function pollTask(work: DocumentWork, attempt: VersionAttempt): Promise<ConsumeTask | null> {
  const id = attempt.task_id ?? '';
  let task = await work.writer.task(id, work.signal);
  const young = work.deps.clock.now().getTime() - attempt.posted_at.getTime() < 2 * SECOND;
  for (const ms of young ? work.deps.timings.quickLooksMs : []) {
    if (task?.state !== 'pending' && task?.state !== 'started') break;
    await delay(ms, work.signal);
    task = await work.writer.task(id, work.signal);
  }
  return task;
}

async function onSuccess(
  work: DocumentWork,
  state: VersionState,
  attempt: VersionAttempt,
  task: ConsumeTask,
): Promise<Step | null> {
  const now = work.deps.clock.now();
  const { documentId } = task;
  if (documentId === null) {
    await settleVersion(work, state, attempt, {
      state: 'success',
      terminal_at: now,
      closed_at: now,
      failure_code: 'split_by_replica',
    });
    return end(
      'blocked',
      'split_by_replica',
      'The replica split a version into several documents (barcodes). Switch that off there; the parts are left alone.',
    );
  }
  // At once: the same row may say FAILURE later, when the broker delivers the message again.
  const noted = await settleVersion(work, state, attempt, { replica_version_id: documentId, terminal_at: now });
  await work.deps.racePoint('version.success');
  work.copy = null;
  const copy = await readCopy(work);
  const version = copy?.versions.find(({ id }) => id === documentId);
  if (version) return took(work, state, noted, version);
  return takenAway(work, state, noted, documentId);
}

/** Consumed, but not in the list: somebody of the replica deleted it. From the trash it is brought back, else it is sent again. */
async function takenAway(
  work: DocumentWork,
  state: VersionState,
  attempt: VersionAttempt,
  versionId: number,
): Promise<Step | null> {
  const root = await work.writer.rootOf(versionId, work.signal);
  if (root !== null && root !== work.link.replica_doc_id)
    return end('failed', 'not_our_upload', `Replica version #${versionId} belongs to another document.`);
  if (root === null) {
    await settleVersion(work, state, attempt, { state: 'success', closed_at: work.deps.clock.now() });
    return null;
  }
  // The trash shows no checksum; it is read when the version is back.
  return took(work, state, attempt, { id: versionId, checksum: '' });
}

async function onFailure(
  work: DocumentWork,
  state: VersionState,
  attempt: VersionAttempt,
  task: ConsumeTask,
): Promise<Step | null> {
  const kind = failureKind(task);
  const failed = await settleVersion(work, state, attempt, {
    state: 'failure',
    failure_code: kind,
    terminal_at: attempt.terminal_at ?? work.deps.clock.now(),
    looks: 0,
    looked_at: null,
  });
  await work.deps.racePoint('version.failure');
  // FAILURE is no proof (F5): the list is read once more, now that the task has ended.
  work.copy = null;
  const copy = await readCopy(work);
  const row = copy && versionOf(state, failed, copy);
  return row ? took(work, state, failed, row) : lookAgain(work, state, failed, kind);
}

/** Not in the list as just read. Twice, some time apart, and closed: then it may be sent again. */
async function lookAgain(
  work: DocumentWork,
  state: VersionState,
  attempt: VersionAttempt,
  kind: FailureKind | null,
): Promise<Step | null> {
  const now = work.deps.clock.now();
  const { looksApartMs } = work.deps.timings;
  const apart = attempt.looked_at === null ? looksApartMs : now.getTime() - attempt.looked_at.getTime();
  let looked = attempt;
  if (apart >= looksApartMs)
    looked = await settleVersion(work, state, attempt, { looks: attempt.looks + 1, looked_at: now });
  const looks = { count: looked.looks, lastAt: looked.looked_at?.getTime() ?? null };
  if (!mayPostVersionAgain(versionFacts(looked), looks, now.getTime(), work.deps.timings))
    return kind === null ? waitForTrace(work, looked) : snooze(looksApartMs);
  const lost = { state: 'unknown', unknown_at: looked.unknown_at ?? now, failure_code: VERSION_LOST } as const;
  await settleVersion(work, state, looked, { ...(kind === null ? lost : {}), closed_at: now });
  return kind === null ? null : afterFailure(kind);
}

/** No row and no version: it may still come, and nothing on the replica would refuse a second one. */
function waitForTrace(work: DocumentWork, attempt: VersionAttempt): Step {
  const now = work.deps.clock.now().getTime();
  const age = now - attempt.posted_at.getTime();
  if (age < MINUTE) return snooze(Math.max(pollDelay(age), work.deps.timings.looksApartMs));
  const since = attempt.unknown_at ?? attempt.started_seen_at ?? attempt.posted_at;
  const due = since.getTime() + 2 * work.deps.timings.redeliveryMs;
  return end(
    'held',
    'version_unknown',
    'A version was sent and left no trace. It may still come, so it is not sent again for a while.',
    { next_due_at: new Date(Math.min(due, now + 10 * MINUTE)) },
  );
}

function afterFailure(kind: FailureKind): Step | null {
  switch (kind) {
    case 'locked':
    case 'lost-file':
    case 'asn':
      return null;
    case 'duplicate':
      return end(
        'blocked',
        'duplicate_content',
        'The replica refuses a version whose content it has already. Switch off the deletion of duplicates there.',
      );
    case 'unsupported':
      return end('blocked', 'unsupported_file_type', 'The replica cannot consume this type of file.');
    case 'other':
      return end(
        'failed',
        'consumption_failed',
        'The replica could not consume a version of the file; its task list shows why.',
      );
    default:
      return kind satisfies never;
  }
}

async function stillWaiting(
  work: DocumentWork,
  state: VersionState,
  attempt: VersionAttempt,
  task: ConsumeTask,
): Promise<Step | null> {
  const now = work.deps.clock.now();
  const age = now.getTime() - attempt.posted_at.getTime();
  if (task.state === 'started' && attempt.started_seen_at === null)
    attempt = await settleVersion(work, state, attempt, { started_seen_at: now });
  // Far beyond every limit of paperless the row will not move any more.
  if (age >= 2 * work.deps.timings.redeliveryMs) return lookAgain(work, state, attempt, null);
  return snooze(pollDelay(age));
}
