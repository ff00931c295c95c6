import { z } from '@hono/zod-openapi';
import { count, list, maybeId, maybeText, maybeTime, nextCursor, time } from './common.ts';

export const RUN_OUTCOMES = ['ok', 'partial', 'failed', 'timed_out', 'cancelled'] as const;

export const run = z
  .strictObject({
    id: z.int(),
    parent_run_id: maybeId,
    kind: z.enum(['cycle', 'replica']),
    replica_id: maybeId,
    replica: maybeText,
    triggered_by: z.string(),
    phase: z.string(),
    started_at: time,
    finished_at: maybeTime,
    outcome: z.enum(RUN_OUTCOMES).nullable(),
    timed_out: z.boolean(),
    docs_total: count,
    docs_synced: count,
    docs_failed: count,
    docs_held: count,
    bytes: count,
    error_code: maybeText,
    error_msg: maybeText,
    error_side: maybeText,
    docs_done: count,
    running: z.boolean(),
    duration_seconds: count,
  })
  .openapi('Run');

export const runPage = z.strictObject({ runs: list(run), next_cursor: nextCursor });
export const oneRun = z.strictObject({ run });
export const runWithReplicas = z.strictObject({ run, replicas: list(run) });
