import type { Finding, LedgerRow, Verification } from '../../../shared/db/tables.ts';

/** A receipt: what was compared, when, how deep, for whom, and what came of it. */
export function presentVerification(row: Verification, replica: string | null) {
  return {
    id: row.id,
    replica_id: row.replica_id,
    replica,
    scope: row.scope,
    document: row.master_doc_id,
    depth: row.depth,
    trigger: row.trigger,
    asked_by: row.asked_by,
    state: row.state,
    phase: row.phase,
    requested_at: row.requested_at,
    started_at: row.started_at,
    finished_at: row.finished_at,
    budget_seconds: row.budget_ms === null ? null : Math.round(row.budget_ms / 1000),
    spent_seconds: Math.round(row.spent_ms / 1000),
    compared: row.compared,
    equal: row.equal,
    derived: row.derived,
    findings: row.findings,
    skipped: row.skipped,
    bytes_read: row.bytes_read,
    master_documents: row.master_documents,
    replica_documents: row.replica_documents,
    /** The master token did not see everything: nothing was called verified. */
    subset: row.subset,
    digest: row.digest,
    error_code: row.error_code,
    error: row.error_msg,
  };
}

export function presentLedgerRow(row: LedgerRow) {
  return {
    master_id: row.master_doc_id,
    replica_id: row.replica_doc_id,
    depth: row.depth,
    compared_at: row.compared_at,
    outcome: row.outcome,
    reason: row.reason,
    master_file: row.master_file,
    copy_file: row.copy_file,
    master_fields: row.master_fields,
    copy_fields: row.copy_fields,
    derived: row.derived,
  };
}

export function presentFinding(row: Finding) {
  return {
    id: row.id,
    replica_id: row.replica_id,
    kind: row.kind,
    state: row.state,
    depth: row.depth,
    master_doc_id: row.master_doc_id,
    replica_doc_id: row.replica_doc_id,
    message: row.message,
    hint: row.hint,
    fields: row.fields.map(({ field, masterHash, copyHash, master, copy }) => ({
      field,
      master: { hash: masterHash, value: master },
      copy: { hash: copyHash, value: copy },
    })),
    found_at: row.found_at,
    last_seen_at: row.last_seen_at,
    verification_id: row.verification_id,
    last_verification_id: row.last_verification_id,
    repairs: row.round,
    reason: row.reason,
    repaired_at: row.repaired_at,
    verified_again_at: row.verified_again_at,
    verified_again_by: row.verified_again_by,
  };
}

/** As tables. */
export const VERIFICATION_COLUMNS = [
  ...(['id', 'replica_id', 'replica', 'scope', 'document', 'depth', 'trigger', 'asked_by', 'state', 'phase'] as const),
  ...(['requested_at', 'started_at', 'finished_at', 'budget_seconds', 'spent_seconds', 'compared', 'equal'] as const),
  ...(['derived', 'findings', 'skipped', 'bytes_read', 'master_documents', 'replica_documents', 'subset'] as const),
  ...(['digest', 'error_code', 'error'] as const),
];
export const FINDING_COLUMNS = [
  ...(['id', 'replica_id', 'kind', 'state', 'depth', 'master_doc_id', 'replica_doc_id', 'message', 'hint'] as const),
  ...(['fields', 'found_at', 'last_seen_at', 'verification_id', 'last_verification_id', 'repairs', 'reason'] as const),
  ...(['repaired_at', 'verified_again_at', 'verified_again_by'] as const),
];
