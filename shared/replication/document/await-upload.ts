/** Step `awaiting`: what became of the upload. A task row is advisory in both directions (F5); bytes and R decide. */
import { sql } from 'kysely';
import { mayPostAgain } from '../../domain/attempt-rules.ts';
import { toMicros } from '../../domain/instant.ts';
import type { PaperlessDocument } from '../../domain/model.ts';
import { bearsMark } from '../../domain/markers.ts';
import { pollDelay } from '../../domain/retry-policy.ts';
import type { Attempt } from '../../db/tables.ts';
import { delay } from '../../kernel/clock.ts';
import type { ConsumeTask } from '../../paperless/api.ts';
import { attemptFacts, TASK_LOST } from './attempt-facts.ts';
import { holdUploads } from './altered.ts';
import { claim } from './claim.ts';
import { copyChecksum, matches } from './file.ts';
import { lookForUpload, trashedByReplica } from './locate.ts';
import { afterFailure } from './upload-failed.ts';
import { markUnknown, settle } from './upload.ts';
import { end, go, snooze, type DocumentWork, type Step } from './work.ts';

export async function awaitUpload(work: DocumentWork): Promise<Step> {
  const attempt = work.attempts.findLast((one) => one.state === 'awaiting' || one.state === 'success');
  if (!attempt) return go('pending');
  if (attempt.success_doc_id !== null) return takeResult(work, attempt, attempt.success_doc_id);
  const task = await pollTask(work, attempt);
  switch (task?.state) {
    case 'success':
      return onSuccess(work, attempt, task);
    case 'failure':
    case 'revoked':
      return afterFailure(work, attempt, task);
    default:
      return stillWaiting(work, attempt, task);
  }
}

/** A few quick looks first: a small document is consumed before a snooze would be over. */
async function pollTask(work: DocumentWork, attempt: Attempt): Promise<ConsumeTask | null> {
  const unfinished = (task: ConsumeTask | null) => task?.state === 'pending' || task?.state === 'started';
  let task = attempt.task_id === null ? null : await work.writer.task(attempt.task_id, work.signal);
  const young = work.deps.clock.now().getTime() - attempt.posted_at.getTime() < 2000;
  for (const ms of young ? work.deps.timings.quickLooksMs : []) {
    if (!unfinished(task) || attempt.task_id === null) break;
    await delay(ms, work.signal);
    task = await work.writer.task(attempt.task_id, work.signal);
  }
  return task;
}

async function onSuccess(work: DocumentWork, attempt: Attempt, task: ConsumeTask): Promise<Step> {
  const now = work.deps.clock.now();
  if (task.documentId === null) {
    await settle(
      work,
      attempt,
      { state: 'success', terminal_at: now, closed_at: now, failure_code: 'split_by_replica' },
      {},
    );
    await fenceOff(work, 'uploads are split by barcodes');
    return end(
      'blocked',
      'split_by_replica',
      'The replica split the upload into several documents (barcodes). Switch that off there; the parts are left alone.',
    );
  }
  // At once: the same row may say FAILURE later, when the broker delivers the message again.
  await settle(
    work,
    attempt,
    { state: 'success', success_doc_id: task.documentId, terminal_at: now, closed_at: now },
    {},
  );
  await work.deps.racePoint('task.success');
  return takeResult(work, attempt, task.documentId);
}

async function takeResult(work: DocumentWork, attempt: Attempt, id: number): Promise<Step> {
  const copy = await work.writer.document(id, work.signal);
  if (!copy) {
    const trashed = (await work.writer.trash(work.signal)).some((row) => row.id === id);
    return trashed
      ? trashedByReplica(id)
      : end('failed', 'copy_missing', `The replica consumed the upload as #${id}, but does not show that document.`);
  }
  const checksum = await copyChecksum(work, copy);
  if (!checksum || !isOurs(work, attempt, copy))
    return end('failed', 'not_our_upload', `Replica document #${id} is not what was uploaded.`);
  const reserved = attempt.reserved_asn;
  if (reserved !== null && copy.asn !== reserved)
    await fenceOff(work, 'the archive serial number of an upload was replaced');
  if (!matches(attempt, checksum)) await holdUploads(work);
  return claim(work, copy, checksum);
}

/** It bears R or M, or appeared after the POST by the replica's own clock. Whether the bytes are ours is asked apart (H8). */
function isOurs(work: DocumentWork, attempt: Attempt, copy: PaperlessDocument): boolean {
  if (bearsMark(copy, work.settings.asnBase, work.link.master_doc_id)) return true;
  const added = toMicros(copy.added);
  const posted = (attempt.replica_date ?? attempt.posted_at).getTime() - 600_000;
  return added !== null && added / 1000 >= posted;
}

async function stillWaiting(work: DocumentWork, attempt: Attempt, task: ConsumeTask | null): Promise<Step> {
  const now = work.deps.clock.now();
  if (task?.state === 'started' && attempt.started_seen_at === null)
    await settle(work, attempt, { started_seen_at: now }, {});
  const view = {
    state: task === null ? 'gone' : task.state === 'started' ? 'started' : 'pending',
    // Asked only where it can matter: a young message is not stuck yet.
    queueMovedAt:
      now.getTime() - attempt.posted_at.getTime() > work.deps.timings.stuckQueueMs ? await queueMovedAt(work) : 0,
  } as const;
  const started = work.attempts.find((one) => one.id === attempt.id) ?? attempt;
  if (!mayPostAgain(attemptFacts(work, started), view, now.getTime(), work.deps.timings))
    return snooze(pollDelay(now.getTime() - attempt.posted_at.getTime()));
  // Wiped, stuck or over its limit. Never "failed": look, and send again under the same R.
  const sighting = await lookForUpload(work);
  if (sighting.kind === 'live') return takeResult(work, attempt, sighting.id);
  if (sighting.kind === 'trash') return trashedByReplica(sighting.id);
  work.deps.log.warning(
    "An upload left no trace in the replica's queue; unless it is found, it is sent again under the same reserved number.",
    { replicaId: work.replica.id, runId: work.run.id, docId: work.link.master_doc_id, code: 'upload_untraceable' },
  );
  // Without a row it may be in work unseen: a second look first. A row that stands still was looked at for long enough.
  const looks = task === null ? 1 : 2;
  await markUnknown(work, attempt, { failure_code: TASK_LOST, looks, looked_at: now });
  return task === null ? snooze(work.deps.timings.looksApartMs) : go('prepared');
}

/** Last sign of life of the replica's queue, as far as our own uploads show it. */
async function queueMovedAt(work: DocumentWork): Promise<number> {
  const { rows } = await sql<{ at: Date | null }>`
    select max(greatest(a.terminal_at, a.started_seen_at)) as at from upload_attempts a
    join sync_map s on s.id = a.link_id where s.replica_id = ${work.replica.id}`.execute(work.deps.db);
  return rows[0]?.at?.getTime() ?? 0;
}

async function fenceOff(work: DocumentWork, why: string): Promise<void> {
  await work.deps.db.updateTable('replicas').set({ asn_fence: false }).where('id', '=', work.replica.id).execute();
  work.deps.log.error(
    `The upload fence of replica "${work.replica.name}" is off: ${why}. Switch barcode handling off there.`,
    { replicaId: work.replica.id, runId: work.run.id, code: 'fence_off' },
  );
}
