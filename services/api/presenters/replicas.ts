import type { Replica } from '../../../shared/db/tables.ts';
import type { ConnectionReport } from '../../../shared/replication/test-connection.ts';

/** Named one by one: a column that is added later is not shown before somebody decides so, and the token never is (S3). */
export function presentReplicaRow(replica: Replica) {
  return {
    id: replica.id,
    name: replica.name,
    url: replica.url,
    enabled: replica.enabled,
    sync_interval_seconds: replica.sync_interval_seconds,
    last_sync_ts: replica.last_sync_ts,
    consecutive_failures: replica.consecutive_failures,
    suspended_at: replica.suspended_at,
    suspended_reason: replica.suspended_reason,
    paused_at: replica.paused_at,
    pause_reason: replica.pause_reason,
    created_at: replica.created_at,
    generation: replica.generation,
    version: replica.version,
    last_contact_at: replica.last_contact_at,
    error_code: replica.error_code,
    error_msg: replica.error_msg,
    asn_fence: replica.asn_fence,
    library_proven: replica.library_proven,
    unconfirmed: replica.unconfirmed,
    uploads_held: replica.uploads_held,
    deletions_held: replica.deletions_held,
    reconcile_required: replica.reconcile_required,
    reconciled_at: replica.reconciled_at,
    document_count: replica.document_count,
    foreign_count: replica.foreign_count,
    deletion_mode: replica.deletion_mode,
    replace_files_on_v2: replica.replace_files_on_v2,
    unknown_owner: replica.unknown_owner,
    conflict_policy: replica.conflict_policy,
    restore_held_back: replica.restore_held_back,
    quiet_hours: replica.quiet_hours,
    requests_per_minute: replica.requests_per_minute,
    max_bytes_per_second: replica.max_bytes_per_second,
    last_sweep_at: replica.last_sweep_at,
    hygiene_at: replica.hygiene_at,
  };
}

export function presentTest(report: ConnectionReport) {
  return {
    ok: report.ok,
    error: report.error,
    latency_ms: report.latencyMs === null ? null : Math.round(report.latencyMs),
    doc_count: report.documentCount,
    version: report.capabilities?.version ?? null,
    steps: report.steps,
    findings: report.findings,
  };
}
