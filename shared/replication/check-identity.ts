/** Is this still the instance that the links were made for (E26, H2, H10)? Asked before an ordinary run plans anything. */
import * as identity from '../db/identity.repo.ts';
import { requireReconcile } from '../db/reconcile-claims.repo.ts';
import { suspendReplica } from '../db/runs.repo.ts';
import { checkIdentity } from '../domain/identity.ts';
import { fromMicros, toMicros } from '../domain/instant.ts';
import { markedMasterId } from '../domain/markers.ts';
import { AppError } from '../kernel/errors.ts';
import { HOUR } from '../kernel/clock.ts';
import type { ReplicaRun } from './sync-replica.ts';

const SAMPLE = 50;
const IDS_A_REQUEST = 250;

export interface CopyCounts {
  readonly missing: number;
  readonly linked: number;
}

export async function checkReplicaIdentity(
  work: ReplicaRun,
  ids: readonly number[],
  counts: CopyCounts,
): Promise<void> {
  await suspendIfShrunk(work, counts);
  if (work.replica.unconfirmed) await confirmNewAddress(work);
  const highest = ids.reduce((most, id) => Math.max(most, id), 0);
  const known = await identity.highWaterOf(work.deps.db, work.replica.id);
  await checkHighWater(work, known, highest);
  const setBack = known !== null && highest < known.id;
  if (counts.missing > 0 || setBack) await checkCopies(work);
  await suspendIfManyChanged(work, counts.linked);
}

async function suspendIfShrunk(work: ReplicaRun, { missing, linked }: CopyCounts): Promise<void> {
  const { deps, replica } = work;
  await identity.capAcceptedMissing(deps.db, replica.id, missing);
  if (missing - Math.min(replica.missing_accepted, missing) <= Math.max(20, Math.ceil(linked / 100))) return;
  throw await suspend(work, {
    code: 'replica_shrunk',
    message: `${missing} of ${linked} copies are missing from replica "${replica.name}": it was restored, emptied or replaced.`,
    hint: `Check the instance. If it is right, POST /api/replicas/${replica.id}/confirm with {"accept": "missing"} to have them made again, or {"accept": "identities"} to look for them first.`,
  });
}

/**
 * Ids grow with time. A document at or below the highest id ever seen that was added more than an hour after everything that
 * was there then got an id that had been given out before: the instance was set back (H2). After everything, not after the
 * one of that id: a clock that was ahead for a while leaves documents behind that look younger than those after them.
 */
async function checkHighWater(work: ReplicaRun, known: identity.Identity | null, highest: number): Promise<void> {
  const { deps, replica, writer, signal } = work;
  const micros = known === null ? null : toMicros(known.added);
  if (known !== null && micros !== null) {
    const later = await writer.lowestAddedAfter(fromMicros(micros + HOUR * 1000), signal);
    if (later !== null && later.id <= known.id)
      throw await suspend(work, {
        code: 'ids_reused',
        message: `Document #${later.id} of replica "${replica.name}" is younger than #${known.id}, the newest that was known: the instance was restored from a backup, and its ids are used again.`,
        hint: confirmHint(work),
      });
  }
  if (highest === 0 || (known !== null && highest < known.id) || highest === replica.high_water_id) return;
  const last = await writer.lastAdded(signal);
  if (last) await identity.noteHighWater(deps.db, replica.id, { id: highest, added: last.added });
}

/** Something moved: a sample tells whether the rest is as it was, and if it is not, all are looked at. */
async function checkCopies(work: ReplicaRun): Promise<void> {
  const { db } = work.deps;
  const sample = await identity.sampleOfCopies(db, work.replica.id, SAMPLE, false);
  if ((await changedAmong(work, sample)).length === 0) return;
  for (let after = 0; ; ) {
    const known = await identity.copiesAfter(db, work.replica.id, after, IDS_A_REQUEST);
    const last = known.at(-1);
    if (!last) return;
    after = last.id;
    const changed = await changedAmong(work, known);
    await identity.quarantine(
      db,
      changed.map((copy) => copy.id),
      'The id of the copy names another document of the replica now: the instance was restored, and its ids are used again. Reconcile the replica. Nothing was written.',
    );
  }
}

/** Links whose id is live and names another document; a missing one is another matter. */
async function changedAmong(work: ReplicaRun, known: readonly identity.KnownCopy[]): Promise<identity.KnownCopy[]> {
  const ids = known.map((copy) => copy.replica_doc_id);
  const live = new Map((await work.writer.identities(ids, work.signal)).map((row) => [row.id, row.added]));
  return known.filter((copy) => {
    const added = live.get(copy.replica_doc_id);
    return added !== undefined && checkIdentity(copy.replica_added, added) === 'other';
  });
}

async function suspendIfManyChanged(work: ReplicaRun, linked: number): Promise<void> {
  const changed = await identity.countQuarantined(work.deps.db, work.replica.id);
  if (changed <= Math.max(5, Math.ceil(linked / 1000))) return;
  throw await suspend(work, {
    code: 'identities_changed',
    message: `${changed} of ${linked} copies of replica "${work.replica.name}" are other documents than they were: an instance was restored from a backup, or replaced.`,
    hint: confirmHint(work),
  });
}

const confirmHint = ({ replica }: ReplicaRun): string =>
  `Check the instance. If it is right, POST /api/replicas/${replica.id}/confirm with {"accept": "identities"}: its copies are matched anew, nothing is overwritten.`;

async function suspend(
  work: ReplicaRun,
  { code, message, hint }: { code: string; message: string; hint: string },
): Promise<AppError> {
  const { deps, replica, run } = work;
  await suspendReplica(deps.db, replica.id, code, message);
  const where = { replicaId: replica.id, runId: run.id, code };
  deps.log.error(`${message} It is suspended until someone confirms.`, where);
  return new AppError({ code, class: 'config', scope: 'instance', message, hint });
}

/**
 * E26, H2: a new address must show 50 sampled copies exactly as they were known. A sample that fits only cut to milliseconds
 * was imported, and one that another instance of ours knows as well proves nothing: both need a person.
 */
async function confirmNewAddress(work: ReplicaRun): Promise<void> {
  const { deps, replica, writer, signal } = work;
  const sample = await identity.sampleOfCopies(deps.db, replica.id, SAMPLE, true);
  const read = await writer.identities(
    sample.map((copy) => copy.replica_doc_id),
    signal,
  );
  const added = new Map(read.map((row) => [row.id, row.added]));
  const verdicts = sample.map((copy) => {
    const now = added.get(copy.replica_doc_id);
    return now === undefined ? 'other' : checkIdentity(copy.replica_added, now);
  });
  const wrong = verdicts.filter((verdict) => verdict === 'other').length;
  const where = `The address of replica "${replica.name}" changed, and`;
  if (wrong > 0)
    throw await pause(
      work,
      'identity_changed',
      `${where} ${wrong} of ${sample.length} sampled copies are not there as they were known.`,
    );
  if (verdicts.includes('cut'))
    throw await pause(
      work,
      'identity_cut',
      `${where} its documents are there only with times cut to milliseconds: it was imported from a backup.`,
    );
  const others = await identity.alsoKnownAt(deps.db, read, { master: false, replicaId: replica.id });
  if (others.length > 0)
    throw await pause(
      work,
      'identity_ambiguous',
      `${where} the sampled documents are just as well those of ${others.join(', ')}.`,
    );
  await deps.db.updateTable('replicas').set({ unconfirmed: false }).where('id', '=', replica.id).execute();
}

async function pause(work: ReplicaRun, code: string, message: string): Promise<AppError> {
  const { deps, replica } = work;
  await deps.db
    .updateTable('replicas')
    .set({ paused_at: deps.clock.now(), pause_reason: message, error_code: code, error_msg: message })
    .where('id', '=', replica.id)
    .execute();
  const hint = `Correct the address. If it is right, POST /api/replicas/${replica.id}/confirm with {"accept": "identities"}. Nothing was written.`;
  return new AppError({ code, class: 'config', scope: 'instance', message, hint });
}

/**
 * H10: an upload on the replica that no attempt of ours is. The database was lost or set back, and other uploads may still
 * wait in the replica's queue: nothing is sent until a reconcile has found what is there.
 */
export async function noteLostDatabase(
  work: ReplicaRun,
  rows: readonly { readonly id: number; readonly title: string }[],
): Promise<void> {
  const { deps, replica, run } = work;
  const marked = rows.flatMap(({ id, title }) => {
    const masterId = markedMasterId(title);
    return masterId === null ? [] : [{ id, masterId, title }];
  });
  const unknown = await identity.unknownMarks(deps.db, replica.id, marked);
  if (unknown.length === 0 || replica.reconcile_required !== null) return;
  const why = `${unknown.length} uploads on this replica are not known here: the database of the controller was lost or set back.`;
  await requireReconcile(deps.db, replica.id, why);
  deps.log.warning(`${why} Nothing is sent to replica "${replica.name}" until it has been reconciled.`, {
    replicaId: replica.id,
    runId: run.id,
    code: 'reconcile_required',
  });
}
