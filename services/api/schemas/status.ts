import { z } from '@hono/zod-openapi';
import { count, list, maybeId, maybeText, maybeTime, orNull, time } from './common.ts';
import { run } from './runs.ts';
import { findingKind } from './verifications.ts';

export const progress = z
  .strictObject({
    running: z.boolean(),
    phase: z.string().meta({ description: 'The earliest phase among what runs; idle when nothing does.' }),
    docs_done: count,
    docs_total: count,
    replicas: list(
      z.strictObject({
        id: z.int(),
        name: z.string(),
        run_id: z.int(),
        phase: z.string(),
        docs_done: count,
        docs_failed: count,
        docs_total: count,
        bytes: count,
      }),
    ),
  })
  .openapi('Progress');

export const REPLICA_STATES = [
  'verified',
  'up_to_date',
  'syncing',
  'behind',
  'late',
  'failing',
  'drifted',
  'needs_you',
  'paused',
  'resting',
  'never_run',
] as const;

const replicaStatus = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    url: z.string(),
    status: z.enum(['synced', 'syncing', 'error', 'unreachable', 'suspended']),
    state: z.enum(REPLICA_STATES),
    reason: z.string(),
    enabled: z.boolean(),
    lag_seconds: z.number().min(0).nullable(),
    rpo_seconds: z.number().nullable().meta({ description: 'Age of the oldest change that is not there yet.' }),
    last_sync_ts: maybeTime,
    last_sweep_at: maybeTime,
    consecutive_failures: count,
    version: maybeText,
    error_code: maybeText,
    documents: z.strictObject({
      total: count,
      ok: count,
      pending: count,
      failed: count,
      given_up: count,
      blocked: count,
      excluded: count.meta({ description: 'Left out by a person; never counted as ok.' }),
      held: count,
      waiting: count,
    }),
    conflicts: count,
    resting_until: maybeTime,
    queue: z.strictObject({ asked_at: maybeTime, foreign: count.nullable(), oldest_at: maybeTime }),
    verification: z.strictObject({
      verified: z.boolean(),
      reason: z.string(),
      documents: count,
      oldest_checksum_at: maybeTime,
      oldest_bytes_at: maybeTime,
      findings: z.partialRecord(findingKind, count),
      drift: count,
    }),
    hygiene: z.strictObject({ checked_at: maybeTime, danger: count, warning: count, info: count }),
    last_run: orNull(run),
  })
  .openapi('ReplicaStatus');

export const status = z
  .strictObject({
    version: z.string(),
    summary: z.string().meta({ description: 'One sentence, the worst first.' }),
    progress,
    master: z.strictObject({
      url: maybeText,
      configured: z.boolean(),
      reachable: z.boolean().nullable().meta({ description: 'Null: not asked yet.' }),
      version: maybeText,
      superuser: z.boolean().nullable(),
      document_count: count.nullable(),
      last_contact_at: maybeTime,
      error_code: maybeText,
      error: maybeText,
    }),
    last_run: orNull(run),
    scratch_full_since: maybeTime,
    next_cycle_at: time,
    leader: z
      .strictObject({
        worker_id: z.string(),
        role: z.string(),
        epoch: z.int(),
        since: maybeTime,
        beat_at: time,
      })
      .nullable(),
    backup: z.strictObject({
      made_at: maybeTime,
      file: maybeText,
      bytes: count.nullable(),
      rows: count.nullable(),
      error: maybeText,
    }),
    replicas: list(replicaStatus),
  })
  .openapi('Status');

export const started = z.strictObject({ run_id: z.int(), already_running: z.boolean() });
const plan = z.strictObject({
  replica: z.string(),
  replica_id: z.int(),
  sweep: z.boolean(),
  taxonomy: list(z.string()),
  uploads: list(z.int()).meta({ description: 'Master ids without a copy.' }),
  updates: list(
    z.strictObject({
      master_doc_id: z.int(),
      replica_doc_id: z.int(),
      fields: list(z.strictObject({ field: z.string(), master: z.unknown(), replica: z.unknown() })),
    }),
  ),
  returns: list(z.int()),
  deletions: list(z.strictObject({ master_doc_id: z.int(), action: z.string(), why: z.string() })),
  equal: count,
});
export const syncPlan = z.strictObject({ dry_run: z.literal(true), plans: list(plan) }).openapi('SyncPlan');
export const startedRun = z.strictObject({ run_id: maybeId });
