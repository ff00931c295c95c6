/** Is it there already? Read-only; absence here is never proof that an upload is dead (protocol section 1). */
import * as attemptsRepo from '../../db/attempts.repo.ts';
import { ownersOf } from '../../db/links.repo.ts';
import * as proposals from '../../db/proposals.repo.ts';
import type { Attempt } from '../../db/tables.ts';
import { surplusOf, type ThrownAway } from '../../db/tombstones.repo.ts';
import { checkIdentity } from '../../domain/identity.ts';
import { chooseCopy } from '../../domain/match.ts';
import { markedMasterId } from '../../domain/markers.ts';
import { pythonTrim } from '../../domain/python-text.ts';
import { newestVersion } from '../../domain/versions.ts';
import type { ConsumeTask, TrashRow } from '../../paperless/api.ts';
import { claim, claimHolder } from './claim.ts';
import { borrowFile, copyChecksum, matches } from './file.ts';
import { endGone } from './gone.ts';
import { end, go, leaseLost, masterDocument, reservedFor, save, type DocumentWork, type Step } from './work.ts';

export type Sighting =
  | { readonly kind: 'live'; readonly id: number }
  | { readonly kind: 'task'; readonly task: ConsumeTask; readonly attempt: Attempt }
  /** `ours`: not only the number, which anybody may have given to a document of his own. */
  | { readonly kind: 'trash'; readonly id: number; readonly ours: boolean }
  | { readonly kind: 'nothing' };

/** The three looks: own R live; a 3.x task with our R or M and our exact file name; R or M in the trash. */
export async function lookForUpload(work: DocumentWork): Promise<Sighting> {
  const reserved = reservedFor(work);
  const live = reserved === null ? null : await work.writer.byAsn(reserved, work.signal);
  if (live) return { kind: 'live', id: live.id };
  const task = await lookForTask(work, reserved);
  if (task) return task;
  const thrownAway = await surplusOf(work.deps.db, work.link.id);
  const trashed = (await work.writer.trash(work.signal)).find(
    (row) =>
      !thrownAway.some((surplus) => isThat(surplus, row)) &&
      // A version in the trash bears the title its document had at the time.
      row.rootDocument === null &&
      ((reserved !== null && row.asn === reserved) || markedMasterId(row.title) === work.link.master_doc_id),
  );
  if (!trashed) return { kind: 'nothing' };
  const sameName = work.attempts.some(
    (attempt) => attempt.file_name.normalize('NFC') === trashed.originalFileName?.normalize('NFC'),
  );
  return { kind: 'trash', id: trashed.id, ours: sameName || markedMasterId(trashed.title) === work.link.master_doc_id };
}

/** Ids are given out again once the trash was emptied, or by a replica that was restored (F7). */
function isThat(surplus: ThrownAway, row: TrashRow): boolean {
  if (surplus.replica_doc_id !== row.id) return false;
  return surplus.replica_added === null || checkIdentity(surplus.replica_added, row.added) !== 'other';
}

/** 2.20 shows neither title nor ASN of a task; there the fence alone decides. */
async function lookForTask(work: DocumentWork, reserved: number | null): Promise<Sighting | null> {
  const open = work.attempts.filter((attempt) => attempt.state === 'sending' || attempt.state === 'unknown');
  const oldest = open[0];
  if (work.findings.generation !== 'v3' || !oldest) return null;
  const since = new Date(oldest.posted_at.getTime() + work.findings.clockOffsetMs - 600_000).toISOString();
  for (const task of await work.writer.tasksSince(since, work.signal)) {
    const attempt = open.find(
      (candidate) =>
        task.overrides?.title === candidate.marker &&
        (task.overrides.asn ?? null) === reserved &&
        task.fileName === candidate.file_name.normalize('NFC'),
    );
    // The children of a barcode split inherit R and M but not the name, hence the exact comparison.
    if (attempt) return { kind: 'task', task, attempt };
  }
  return null;
}

export async function locate(work: DocumentWork): Promise<Step> {
  if (!(await masterDocument(work))) return endGone(work);
  await save(work, { phase: 'locating', status: 'pending' });
  await work.deps.racePoint('locate');
  const accepted = await takeAccepted(work);
  if (accepted) return accepted;
  const id = work.link.master_doc_id;
  const seenBefore = work.findings.marked.includes(id) || work.findings.markedInTrash.includes(id);
  // R is refused twice by the replica itself, so the probe at the start of the run is enough for a first attempt.
  if (work.attempts.length === 0 && !seenBefore && !work.link.locate) return go('prepared');
  return followSighting(work, await lookForUpload(work));
}

/**
 * A person said that this document is the copy although its bytes differ (E17). What is known of its file is its own, so that
 * the difference is seen and mended like any changed file.
 */
async function takeAccepted(work: DocumentWork): Promise<Step | null> {
  if (work.attempts.some((attempt) => attempt.closed_at === null)) return null;
  const proposal = await proposals.acceptedProposal(work.deps.db, work.link.id);
  if (!proposal) return null;
  const copy = await work.writer.document(proposal.replica_doc_id, work.signal);
  const owners = await ownersOf(work.deps.db, work.replica.id, [proposal.replica_doc_id]);
  const same = copy !== null && checkIdentity(proposal.replica_added, copy.added) !== 'other';
  const checksum = same && owners.length === 0 ? await copyChecksum(work, copy) : null;
  if (!copy || checksum === null) {
    await proposals.closeProposal(work.deps.db, proposal.id, 'stale');
    return null;
  }
  const newest = newestVersion(copy)?.checksum ?? checksum;
  const isMd5 = newest.length === 32;
  await save(work, { file_md5: isMd5 ? newest : null, file_checksum: isMd5 ? null : newest });
  const step = await claim(work, copy, checksum);
  if (step.kind === 'go') await proposals.closeProposal(work.deps.db, proposal.id, 'linked');
  return step;
}

export async function followSighting(work: DocumentWork, sighting: Sighting): Promise<Step> {
  switch (sighting.kind) {
    case 'live':
      return takeHolder(work, sighting.id);
    case 'task':
      return noteTask(work, sighting.attempt, sighting.task);
    case 'trash':
      return takeFromTrash(work, sighting);
    case 'nothing':
      return go('prepared');
    default:
      return sighting satisfies never;
  }
}

async function takeHolder(work: DocumentWork, id: number): Promise<Step> {
  const known: { md5: string; sha256: string }[] = [...work.attempts];
  if (known.length === 0) {
    // The database was lost: only the master's own file can tell whether the holder is ours.
    const file = await borrowFile(work);
    if (!file) return endGone(work);
    known.push(file);
  }
  return claimHolder(work, id, known);
}

async function noteTask(work: DocumentWork, attempt: Attempt, task: ConsumeTask): Promise<Step> {
  const settled = await attemptsRepo.settleAttempt(
    work.deps.db,
    work.lease,
    attempt.id,
    { state: 'awaiting', task_id: task.taskId },
    { phase: 'awaiting', task_id: task.taskId },
  );
  if (!settled) throw leaseLost();
  work.attempts = await attemptsRepo.attemptsOf(work.deps.db, work.link.id);
  return go('awaiting');
}

/** With a success on record a person (or a workflow) of the replica put it there; without one it is our unclaimed upload. */
async function takeFromTrash(
  work: DocumentWork,
  { id, ours }: { readonly id: number; readonly ours: boolean },
): Promise<Step> {
  if (!ours)
    return end(
      'failed',
      'asn_refused',
      `Document #${id} in the replica's trash holds the archive serial number that is reserved for this upload. Purge it, or change its number.`,
    );
  if (work.attempts.some((attempt) => attempt.success_doc_id !== null)) return trashedByReplica(id);
  await work.writer.restoreDocument(id, work.signal);
  return takeHolder(work, id);
}

export function trashedByReplica(id: number): Step {
  return end(
    'blocked',
    'trashed_by_replica',
    `The copy (#${id}) is in the replica's trash. Restore it there; it is not uploaded a second time.`,
  );
}

/** H3: a replica that has documents of its own may have this one; equal bytes nominate, nothing else. */
export async function adoptExisting(work: DocumentWork, file: { md5: string; sha256: string }): Promise<Step | null> {
  if (work.findings.foreignDocuments === 0 || work.attempts.length > 0) return null;
  const master = await masterDocument(work);
  if (!master) return endGone(work);
  const hex = work.findings.generation === 'v3' ? file.sha256 : file.md5;
  const candidates = await work.writer.byChecksum(hex, work.signal);
  const owners = await ownersOf(
    work.deps.db,
    work.replica.id,
    candidates.map((candidate) => candidate.id),
  );
  const chosen = chooseCopy(
    {
      masterDocId: master.id,
      title: pythonTrim(master.title),
      created: master.created,
      asn: master.asn,
      reservedAsn: reservedFor(work),
    },
    candidates,
    new Set(owners.filter((owner) => owner.id !== work.link.id).map((owner) => owner.replica_doc_id)),
    work.settings.asnBase,
  );
  const copy = chosen && (await work.writer.document(chosen.id, work.signal));
  const checksum = copy && (await copyChecksum(work, copy));
  if (!copy || !checksum || !matches(file, checksum)) return null;
  work.deps.log.info(`Adopted replica document #${copy.id}: same bytes, nobody's copy.`, {
    replicaId: work.replica.id,
    runId: work.run.id,
    docId: master.id,
  });
  return claim(work, copy, checksum);
}
