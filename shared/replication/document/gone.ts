/** The master document was deleted. Deleting its copy is a decision of its own, made by a plan (E20); this is where it rests. */
import * as tombstones from '../../db/tombstones.repo.ts';
import { UPLOADING, type Phase } from '../../domain/document-state.ts';
import { loadDeletions } from '../deletion-state.ts';
import { allClosed } from './attempt-facts.ts';
import { cleanAfterHold } from './finish.ts';
import { writeUntilDone } from './guarded-write.ts';
import { stillHeld } from './intent.ts';
import { leaveReplacement } from './replace.ts';
import { end, go, leaseLost, readCopy, reservedFor, type DocumentWork, type Step } from './work.ts';

/**
 * Nothing uploaded: the link rests as `gone`. An upload under way is awaited and claimed first, so that it does not stay
 * behind unknown; a copy keeps what it has, but never a reserved ASN or a marker title.
 */
export async function endGone(work: DocumentWork): Promise<Step> {
  const left = await leaveReplacement(work);
  if (left) return left;
  if (work.link.replica_doc_id === null) return isAwaited(work) ? go('awaiting') : neverArrived();
  const unfinished = stillHeld(work) ?? (await mendLeftovers(work)) ?? (await cleanAfterHold(work));
  if (unfinished) return unfinished;
  const kept = (await readCopy(work)) !== null;
  const message = kept ? 'Deleted on the master; the copy is kept.' : 'Deleted on the master, and on the replica.';
  return (await release(work)) ?? end('gone', 'deleted_on_master', message);
}

/** The replica took an upload in, and what became of it is not known yet. */
function isAwaited({ link, attempts }: DocumentWork): boolean {
  const taken = attempts.some(({ state }) => state === 'awaiting' || state === 'success');
  return taken && UPLOADING.includes(link.phase as Phase);
}

/** Looked for wherever it could be. Should it come after all, its reserved number shows it to a later run (check-replica.ts). */
function neverArrived(): Step {
  return end('gone', 'deleted_on_master', 'Deleted on the master before it was uploaded.');
}

/** The marks of an upload that was never finished. The fence stays while a repeat of the upload can still come. */
async function mendLeftovers(work: DocumentWork): Promise<Step | null> {
  const mended = await writeUntilDone(work, {
    name: 'leftovers',
    isDone: async () => Object.keys(await leftovers(work)).length === 0,
    send: async () => work.writer.patchDocument(work.link.replica_doc_id ?? 0, await leftovers(work), work.signal),
  });
  if (mended) return mended;
  const copy = await readCopy(work);
  return copy !== null && copy.asn !== null && copy.asn === reservedFor(work) ? fenceNeeded(work) : null;
}

async function leftovers(work: DocumentWork): Promise<Record<string, unknown>> {
  const copy = await readCopy(work);
  if (!copy) return {};
  const fenced = copy.asn !== null && copy.asn === reservedFor(work) && allClosed(work);
  return {
    ...(fenced ? { archive_serial_number: null } : {}),
    ...(copy.title.startsWith('pngx.') ? { title: copy.originalFileName ?? `document ${copy.id}` } : {}),
  };
}

/** As the step `releasing`: the reserved number goes when nothing can come of any attempt any more. */
export function fenceNeeded(work: DocumentWork): Step {
  const due = new Date(work.deps.clock.now().getTime() + work.deps.timings.unknownHoldMs / 2);
  return end(
    'held',
    'releasing',
    'Deleted on the master; its archive serial number stays reserved until no repeat of the upload can come any more.',
    { next_due_at: due },
  );
}

/** H24: purged on the master and kept here: whoever uploads the file there again finds its copy here, by its bytes. */
async function release(work: DocumentWork): Promise<Step | null> {
  const { decision } = await loadDeletions(work.deps, work.replica, work.link.id);
  const verdict = decision.verdicts[0];
  if (decision.stopped !== null || verdict?.action !== 'release' || !allClosed(work)) return null;
  const copy = await readCopy(work);
  const link = await tombstones.giveUpCopy(work.deps.db, work.lease, null, {
    state: 'released',
    asn: copy?.asn ?? null,
    detail: copy ? 'Deletions are off: the copy stays on the replica.' : 'The copy was not on the replica any more.',
  });
  if (!link) throw leaseLost();
  work.link = link;
  work.attempts = [];
  return end('gone', 'deleted_on_master', 'Deleted on the master for good; the copy is kept and nobody’s now.');
}
