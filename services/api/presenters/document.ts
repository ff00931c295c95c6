/** One document of the master: what is known of it on each replica. */
import { listConflicts } from '../../../shared/db/conflicts.repo.ts';
import * as documents from '../../../shared/db/documents.repo.ts';
import type { Tombstone } from '../../../shared/db/deletion-tables.ts';
import type { Db } from '../../../shared/db/tables.ts';
import { lastOfLinks } from '../../../shared/db/verification-ledger.repo.ts';
import { presentFinding, presentLedgerRow } from './verifications.ts';

const LAST = 50;

/** Null: no replica knows it. */
export async function loadDocument(db: Db, masterDocId: number) {
  const rows = await documents.documentOnReplicas(db, masterDocId);
  if (rows.length === 0) return null;
  const linkIds = rows.map((row) => row.link_id);
  const [uploads, conflicts, findings, tombstones, ledger] = await Promise.all([
    documents.uploadsOf(db, linkIds),
    listConflicts(db, { masterDocId }, { limit: LAST }),
    documents.findingsOfLinks(db, linkIds),
    documents.tombstonesOf(db, masterDocId),
    lastOfLinks(db, linkIds),
  ]);
  return {
    master_doc_id: masterDocId,
    replicas: rows.map(({ link_id: linkId, ...row }) => ({
      ...row,
      uploads: uploads.filter((upload) => upload.link_id === linkId).map(({ link_id: _link, ...upload }) => upload),
      conflicts: conflicts.filter((conflict) => conflict.link_id === linkId).map(presentConflict),
      // The newest comparison of each depth.
      verifications: ledger.filter((one) => one.link_id === linkId).map(presentLedgerRow),
      findings: findings.filter((finding) => finding.link_id === linkId).map(presentFinding),
      tombstones: tombstones.filter((stone) => stone.replica_id === row.replica_id).map(presentTombstone),
    })),
  };
}

function presentTombstone(stone: Tombstone) {
  return {
    id: stone.id,
    replica_doc_id: stone.replica_doc_id,
    reason: stone.reason,
    state: stone.state,
    detail: stone.detail,
    planned_at: stone.planned_at,
    trashed_at: stone.trashed_at,
    purged_at: stone.purged_at,
    closed_at: stone.closed_at,
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
