import type { DocumentWork } from './work.ts';

/** H8: after the first case uploads to the replica wait until a person has seen it; later ones are only said. */
export async function holdUploads(work: DocumentWork): Promise<void> {
  const held = await work.deps.db
    .updateTable('replicas')
    .set({ uploads_held: 'it stores other bytes than were sent' })
    .where('id', '=', work.replica.id)
    .where('altered_acknowledged', '=', false)
    .executeTakeFirst();
  const waits = held.numUpdatedRows > 0n;
  const where = { replicaId: work.replica.id, runId: work.run.id, docId: work.link.master_doc_id };
  work.deps.log.error(
    `Replica "${work.replica.name}" stores other bytes than were sent.${waits ? ' Uploads to it wait until someone looks.' : ''}`,
    { ...where, code: 'altered_by_replica' },
  );
}
