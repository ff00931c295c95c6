import { z } from '@hono/zod-openapi';
import { STEP_NAMES } from '../../../shared/replication/test-connection.ts';
import { count, list, maybeText, maybeTime, orNull, time } from './common.ts';

export const DELETION_MODES = ['keep', 'trash', 'delete'] as const;
export const UNKNOWN_OWNERS = ['token_user', 'unowned', 'skip'] as const;
export const CONFLICT_POLICIES = ['master', 'person'] as const;

/** The token is write-only: it never leaves again (S3). */
export const replica = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    url: z.string(),
    enabled: z.boolean(),
    sync_interval_seconds: count.nullable(),
    last_sync_ts: maybeTime,
    consecutive_failures: count,
    suspended_at: maybeTime,
    suspended_reason: maybeText,
    paused_at: maybeTime,
    pause_reason: maybeText,
    created_at: time,
    generation: maybeText,
    version: maybeText,
    last_contact_at: maybeTime,
    error_code: maybeText,
    error_msg: maybeText,
    asn_fence: z.boolean(),
    library_proven: z.boolean(),
    unconfirmed: z.boolean(),
    uploads_held: maybeText,
    deletions_held: maybeText,
    reconcile_required: maybeText,
    reconciled_at: maybeTime,
    document_count: count.nullable(),
    foreign_count: count.nullable(),
    deletion_mode: z.enum(DELETION_MODES),
    replace_files_on_v2: z.boolean(),
    unknown_owner: z.enum(UNKNOWN_OWNERS),
    conflict_policy: z.enum(CONFLICT_POLICIES),
    restore_held_back: z.boolean(),
    quiet_hours: maybeText,
    requests_per_minute: count.nullable(),
    max_bytes_per_second: count.nullable(),
    last_sweep_at: maybeTime,
    hygiene_at: maybeTime,
  })
  .openapi('Replica');
export const replicaList = z.strictObject({ replicas: list(replica) });
export const oneReplica = z.strictObject({ replica });

export const hygieneFinding = z
  .strictObject({
    code: z.string(),
    severity: z.enum(['danger', 'warning', 'info']),
    what: z.string(),
    fix: z.string(),
  })
  .openapi('HygieneFinding');

export const connectionTest = z
  .strictObject({
    ok: z.boolean(),
    error: maybeText,
    latency_ms: count.nullable(),
    doc_count: count.nullable(),
    version: maybeText,
    steps: list(
      z.strictObject({
        name: z.enum(STEP_NAMES),
        ok: z.boolean(),
        blocking: z.boolean(),
        code: maybeText,
        detail: z.string(),
        hint: maybeText,
      }),
    ),
    findings: list(hygieneFinding),
  })
  .openapi('ConnectionTest');
export const addedReplica = z.strictObject({ replica, test: connectionTest });
export const changedReplica = z.strictObject({ replica, test: orNull(connectionTest) });

const hygiene = { checked_at: maybeTime, ok: z.boolean(), findings: list(hygieneFinding) };
export const hygieneReport = z.strictObject(hygiene).openapi('HygieneReport');
export const hygieneOfAll = z.strictObject({
  master: hygieneReport,
  replicas: list(z.strictObject({ id: z.int(), name: z.string(), ...hygiene })),
});
