/** The acts of a deletion: the number first, then the trash; much later the purge (H15). Never without a tombstone. */
import type { Tombstone } from '../../db/deletion-tables.ts';
import { writeUntilDone } from './guarded-write.ts';
import { isInTrash, proveReplicaSuperuser, settle, settlePurged } from './replica-trash.ts';
import { readCopy, type DocumentWork, type Step } from './work.ts';

/** Null: the copy is in the replica's trash, or was away before. Its number is on record before it is cleared. */
export async function trashCopy(work: DocumentWork, tombstone: Tombstone): Promise<Step | null> {
  const copy = await readCopy(work);
  if (copy && tombstone.state === 'planned') {
    if (copy.asn !== null && tombstone.asn === null) await settle(work, tombstone, { asn: copy.asn });
    // A document in the trash would go on holding its number, and the master may give it to another one.
    const unfinished = await writeUntilDone(work, {
      name: 'unnumber',
      isDone: async () => ((await readCopy(work))?.asn ?? null) === null,
      fields: { asn: null },
      send: () => work.writer.patchDocument(copy.id, { archive_serial_number: null }, work.signal),
    });
    if (unfinished) return unfinished;
    await settle(work, tombstone, { state: 'asn_cleared', asn_cleared_at: work.deps.clock.now() });
  }
  const unfinished = await writeUntilDone(work, {
    name: 'trash',
    isDone: async () => (await readCopy(work)) === null,
    send: () => work.writer.trashDocument(tombstone.replica_doc_id, work.signal),
  });
  if (unfinished) return unfinished;
  if (!(await isInTrash(work, tombstone))) {
    await settlePurged(work, tombstone, 'It was not on the replica any more, nor in its trash.');
    return null;
  }
  await settle(work, tombstone, {
    state: 'trashed',
    trashed_at: work.deps.clock.now(),
    trashed_run: work.run.id,
  });
  return null;
}

/** Null: the copy is away for good. The trash row is looked at once more, under a superuser's token, right before. */
export async function purgeCopy(work: DocumentWork, tombstone: Tombstone): Promise<Step | null> {
  await proveReplicaSuperuser(work);
  const unfinished = await writeUntilDone(work, {
    name: 'purge',
    isDone: async () => !(await isInTrash(work, tombstone)),
    send: () => work.writer.purgeDocuments([tombstone.replica_doc_id], work.signal),
  });
  if (unfinished) return unfinished;
  await settlePurged(work, tombstone, null);
  return null;
}
