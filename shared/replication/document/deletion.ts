/**
 * A link with a tombstone: its copy is being deleted, was deleted, or comes back (E20, H15). Every state is durable before
 * the step that follows it, so that whoever comes next goes on from the rows and from what the replica shows.
 */
import { tombstoneById } from '../../db/tombstones.repo.ts';
import type { Tombstone } from '../../db/deletion-tables.ts';
import { toAppError } from '../../kernel/errors.ts';
import { allClosed } from './attempt-facts.ts';
import { endGone, fenceNeeded } from './gone.ts';
import { writeUntilDone } from './guarded-write.ts';
import { nothingToRestore, restoreCopy, settle, uploadAnew } from './replica-trash.ts';
import { purgeCopy, trashCopy } from './trash-copy.ts';
import { end, masterDocument, readCopy, save, type DocumentWork, type Step } from './work.ts';

/** Null: there is no deletion (any more), the copy is live and is finalised as any other. */
export async function followDeletion(work: DocumentWork): Promise<Step | null> {
  if (work.link.tombstone_id === null) return null;
  const tombstone = await tombstoneById(work.deps.db, work.link.tombstone_id);
  if (!tombstone) {
    await save(work, { tombstone_id: null });
    return null;
  }
  if (tombstone.replica_doc_id !== work.link.replica_doc_id) return otherCopy(work, tombstone);
  // Read in this very look, and a 404 believed only of a superuser before and after (H4).
  if (await masterDocument(work)) return comeBack(work, tombstone);
  if (tombstone.undo_asked_at !== null) return undo(work, tombstone);
  switch (tombstone.state) {
    case 'planned':
    case 'asn_cleared':
      return work.replica.deletion_mode === 'keep' ? cancel(work, tombstone) : carryOut(work, tombstone);
    case 'purge_due':
      return work.replica.deletion_mode === 'delete' && isOfThisRun(work, tombstone)
        ? purge(work, tombstone)
        : rest(work, tombstone, { state: 'trashed', purge_due_at: null });
    case 'trashed':
      return rest(work, tombstone, {});
    default:
      await save(work, { tombstone_id: null });
      return null;
  }
}

/** The plan of an earlier run may be overtaken: only the run that looked at the master's trash carries it out. */
function isOfThisRun(work: DocumentWork, tombstone: Tombstone): boolean {
  return tombstone.planned_run === work.run.id;
}

async function carryOut(work: DocumentWork, tombstone: Tombstone): Promise<Step> {
  if (!isOfThisRun(work, tombstone))
    return end(
      'held',
      'deletion_waiting',
      'Its deletion is planned, but the last look at the master did not confirm it.',
    );
  if (!allClosed(work)) return fenceNeeded(work);
  return (await trashCopy(work, tombstone)) ?? inTrash();
}

const inTrash = (): Step =>
  end('gone', 'deleted_on_master', "Deleted on the master; the copy is in the replica's trash.");

async function purge(work: DocumentWork, tombstone: Tombstone): Promise<Step> {
  if (await readCopy(work)) return restoredByOthers(work, tombstone);
  const unfinished = await purgeCopy(work, tombstone);
  return unfinished ?? end('gone', 'deleted_on_master', 'Deleted on the master for good, and here.');
}

async function rest(work: DocumentWork, tombstone: Tombstone, patch: Partial<Tombstone>): Promise<Step> {
  if (Object.keys(patch).length > 0) await settle(work, tombstone, patch);
  return (await readCopy(work)) ? restoredByOthers(work, tombstone) : inTrash();
}

/** Somebody took the copy out of the replica's trash: a person undid the deletion there. */
async function restoredByOthers(work: DocumentWork, tombstone: Tombstone): Promise<Step> {
  const now = work.deps.clock.now();
  await settle(
    work,
    tombstone,
    { state: 'undone', closed_at: now, detail: "Taken out of the replica's trash by somebody." },
    { tombstone_id: null, kept_at: now },
  );
  return endGone(work);
}

/** A reconcile gave the link another copy: the deletion was of the one before. */
async function otherCopy(work: DocumentWork, tombstone: Tombstone): Promise<null> {
  await settle(
    work,
    tombstone,
    { state: 'cancelled', closed_at: work.deps.clock.now(), detail: 'Another document is its copy now.' },
    { tombstone_id: null },
  );
  return null;
}

/** The document is back on the master: so is its copy, out of the replica's trash, without an upload. */
async function comeBack(work: DocumentWork, tombstone: Tombstone): Promise<Step | null> {
  const untouched = tombstone.state === 'planned' && (await readCopy(work)) !== null;
  const unfinished = await restoreCopy(work, tombstone, uploadAnew);
  if (unfinished) return unfinished;
  await settle(
    work,
    tombstone,
    {
      state: untouched ? 'cancelled' : 'restored',
      closed_at: work.deps.clock.now(),
      detail: 'The document came back on the master.',
    },
    { tombstone_id: null, kept_at: null },
  );
  return null;
}

/** Deletions were switched off meanwhile. */
async function cancel(work: DocumentWork, tombstone: Tombstone): Promise<Step> {
  const unfinished = (await restoreCopy(work, tombstone, nothingToRestore)) ?? (await numberBack(work, tombstone));
  if (unfinished) return unfinished;
  await settle(
    work,
    tombstone,
    { state: 'cancelled', closed_at: work.deps.clock.now(), detail: 'Deletions were switched off.' },
    { tombstone_id: null },
  );
  return endGone(work);
}

/** A person wants the copy back although the document is gone on the master. */
async function undo(work: DocumentWork, tombstone: Tombstone): Promise<Step> {
  const unfinished = (await restoreCopy(work, tombstone, nothingToRestore)) ?? (await numberBack(work, tombstone));
  if (unfinished) return unfinished;
  const now = work.deps.clock.now();
  await settle(
    work,
    tombstone,
    { state: 'undone', closed_at: now, detail: 'A person brought it back.' },
    { tombstone_id: null, kept_at: now },
  );
  return endGone(work);
}

/** The archive serial number it had, if nobody else has it by now. */
async function numberBack(work: DocumentWork, tombstone: Tombstone): Promise<Step | null> {
  const { asn } = tombstone;
  if (asn === null || asn >= work.settings.asnBase || (await work.writer.byAsn(asn, work.signal)) !== null) return null;
  try {
    return await writeUntilDone(work, {
      name: 'number',
      isDone: async () => (await readCopy(work))?.asn !== null,
      fields: { asn },
      send: () => work.writer.patchDocument(tombstone.replica_doc_id, { archive_serial_number: asn }, work.signal),
    });
  } catch (thrown) {
    // A document in the trash holds it: the copy is back all the same, without its number.
    if (toAppError(thrown).code !== 'values_refused') throw thrown;
    return null;
  }
}
