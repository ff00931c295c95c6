/** One document of the master: what is known of it on each replica. */
import { listConflicts } from '../../../shared/db/conflicts.repo.ts';
import { documentOnReplicas, uploadsOf } from '../../../shared/db/documents.repo.ts';
import type { Db } from '../../../shared/db/tables.ts';

const LAST = 50;

/** Null: no replica knows it. */
export async function loadDocument(db: Db, masterDocId: number) {
  const rows = await documentOnReplicas(db, masterDocId);
  if (rows.length === 0) return null;
  const [uploads, conflicts] = await Promise.all([
    uploadsOf(
      db,
      rows.map((row) => row.link_id),
    ),
    listConflicts(db, { masterDocId }, { limit: LAST }),
  ]);
  return {
    master_doc_id: masterDocId,
    replicas: rows.map(({ link_id: linkId, ...row }) => ({
      ...row,
      uploads: uploads.filter((upload) => upload.link_id === linkId).map(({ link_id: _link, ...upload }) => upload),
      conflicts: conflicts.filter((conflict) => conflict.link_id === linkId).map(presentConflict),
    })),
  };
}

/** Hashes are for the engine; what people compare is in `shown`. */
export function presentConflict(conflict: Awaited<ReturnType<typeof listConflicts>>[number]) {
  return {
    id: conflict.id,
    replica_id: conflict.replica_id,
    master_doc_id: conflict.master_doc_id,
    replica_doc_id: conflict.replica_doc_id,
    field: conflict.field,
    state: conflict.state,
    shown: conflict.shown,
    found_at: conflict.found_at,
    decided_at: conflict.decided_at,
  };
}
