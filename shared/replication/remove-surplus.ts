/**
 * Surplus copies (protocol section 1, last row): a late message of an upload that was sent twice became a document although
 * the link has its copy already. Only what is provably ours goes, and only to the trash.
 */
import { attemptsOf } from '../db/attempts.repo.ts';
import { ownersOf } from '../db/links.repo.ts';
import type { Link } from '../db/tables.ts';
import { openReplacement } from '../db/replacements.repo.ts';
import * as tombstones from '../db/tombstones.repo.ts';
import { checkIdentity } from '../domain/identity.ts';
import type { ReservedRow } from '../paperless/api.ts';
import type { ReplicaRun } from './sync-replica.ts';

/** `reserved`: all live documents of the replica with a number of the reserved range, from the probe of this run. */
export async function removeSurplus(
  work: ReplicaRun,
  reserved: readonly ReservedRow[],
  asnBase: number,
): Promise<void> {
  await finishBegun(work);
  const byMaster = new Map(reserved.flatMap((row) => (row.asn === null ? [] : [[row.asn - asnBase, row] as const])));
  if (byMaster.size === 0) return;
  const links = await work.deps.db
    .selectFrom('sync_map')
    .selectAll()
    .where('replica_id', '=', work.replica.id)
    .where('master_doc_id', 'in', [...byMaster.keys()])
    .where('replica_doc_id', 'is not', null)
    .where('lease_worker', 'is', null)
    .where('excluded_at', 'is', null)
    .execute();
  for (const link of links) {
    const row = byMaster.get(link.master_doc_id);
    if (!row || row.id === link.replica_doc_id) continue;
    const awaited = link.replacing && link.phase !== 'gone' && (await isAwaited(work, link, row));
    if (!awaited) await removeOne(work, link, row);
  }
}

async function removeOne(work: ReplicaRun, link: Link, row: ReservedRow): Promise<void> {
  const { deps } = work;
  const where = { replicaId: work.replica.id, runId: work.run.id, docId: link.master_doc_id };
  if (!(await isOurs(work, link, row))) {
    deps.log.warning(
      `Replica document #${row.id} bears the reserved number of another copy; it is not provably ours and stays.`,
      { ...where, code: 'surplus_unproven' },
    );
    return;
  }
  const tombstone = await tombstones.recordTombstone(deps.db, {
    replicaId: work.replica.id,
    linkId: link.id,
    masterDocId: link.master_doc_id,
    replicaDocId: row.id,
    replicaAdded: row.added,
    asn: row.asn,
    checksum: link.stored_checksum,
    reason: 'surplus',
    runId: work.run.id,
  });
  await trashSurplus(work, tombstone, row.id);
  deps.log.warning(
    `Moved a surplus copy (#${row.id}) to the replica's trash: an upload sent twice was consumed twice.`,
    { ...where, code: 'surplus_removed' },
  );
}

/** The number first: a document in the trash would go on holding it. */
async function trashSurplus(work: ReplicaRun, tombstone: number, id: number): Promise<void> {
  const { deps, writer, signal } = work;
  await writer.patchDocument(id, { archive_serial_number: null }, signal);
  await tombstones.updateTombstone(deps.db, tombstone, { state: 'asn_cleared', asn_cleared_at: deps.clock.now() });
  await deps.racePoint('surplus.unnumbered');
  await writer.trashDocument(id, signal);
  await noteTrashed(work, tombstone);
}

async function noteTrashed({ deps, run }: ReplicaRun, tombstone: number): Promise<void> {
  await tombstones.updateTombstone(deps.db, tombstone, {
    state: 'trashed',
    trashed_at: deps.clock.now(),
    trashed_run: run.id,
  });
}

/** Whoever stopped between the steps left a document without its number, which no probe finds; its tombstone does. */
async function finishBegun(work: ReplicaRun): Promise<void> {
  const { deps, replica, writer, signal } = work;
  const states = ['planned', 'asn_cleared'] as const;
  const begun = await tombstones.listTombstones(deps.db, { replicaId: replica.id, states }, { limit: 1000 });
  for (const row of begun.filter(({ reason }) => reason === 'surplus')) {
    const document = await writer.document(row.replica_doc_id, signal);
    if (!document) await noteTrashed(work, row.id);
    else if (row.replica_added !== null && checkIdentity(row.replica_added, document.added) !== 'other')
      await trashSurplus(work, row.id, document.id);
  }
}

/** Nobody's copy, untouched, and with the bytes of the verified copy or of an attempt of this very link. */
async function isOurs(work: ReplicaRun, link: Link, row: ReservedRow): Promise<boolean> {
  if ((await ownersOf(work.deps.db, work.replica.id, [row.id])).length > 0) return false;
  const document = await work.writer.document(row.id, work.signal);
  if (!document || document.notes.length > 0 || document.versions.length > 1) return false;
  const checksum = await work.writer.originalChecksum(row.id, work.signal);
  if (!checksum) return false;
  const hex = checksum.hex.toLowerCase();
  if (link.status === 'ok' && link.stored_checksum === hex) return true;
  return (await attemptsOf(work.deps.db, link.id)).some((attempt) => attempt.sha256 === hex || attempt.md5 === hex);
}

/**
 * The new copy of a replacement bears R until it has the old one's number (H14), claimed or not: only what has the bytes of
 * an older file, and of no attempt of this replacement, came late.
 */
async function isAwaited({ deps: { db }, writer, signal }: ReplicaRun, link: Link, row: ReservedRow): Promise<boolean> {
  const replacement = await openReplacement(db, link.id);
  if (!replacement) return false;
  if (replacement.step !== 'r1') return true;
  const hex = (await writer.originalChecksum(row.id, signal))?.hex.toLowerCase();
  const attempts = (await attemptsOf(db, link.id)).filter((attempt) => attempt.sha256 === hex || attempt.md5 === hex);
  return attempts.length === 0 || attempts.some((attempt) => attempt.k > replacement.from_k);
}
