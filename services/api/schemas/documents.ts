import { z } from '@hono/zod-openapi';
import { PHASES } from '../../../shared/domain/document-state.ts';
import { DEPTHS } from '../../../shared/domain/verification.ts';
import { count, list, maybeText, maybeTime, nextCursor, time } from './common.ts';
import { tombstoneOfDocument } from './deletions.ts';
import { finding, ledgerRow } from './verifications.ts';

/** `excluded`: left out by a person, so it is none of the other three. */
export const LINK_STATUSES = ['pending', 'ok', 'error', 'excluded'] as const;
export const CONFLICT_STATES = ['open', 'overwritten', 'keep_master', 'keep_replica', 'gone'] as const;

const shared = {
  master_doc_id: z.int(),
  replica_doc_id: z.int().nullable(),
  status: z.enum(LINK_STATUSES),
  phase: z.string().meta({ description: `One of ${PHASES.join(', ')}.` }),
  waiting: z.boolean().meta({ description: 'There is open work on it.' }),
  waiting_since: maybeTime,
  error_code: maybeText,
  error_msg: maybeText,
  retry_count: count,
  failed_at: maybeTime,
  last_synced: maybeTime,
  next_due_at: maybeTime,
  verified_at: maybeTime,
  verified_depth: z.enum(DEPTHS).nullable(),
  file_checksum: maybeText,
  file_size: count.nullable(),
  report: list(
    z.strictObject({
      field: z.string(),
      reason: z.string(),
      kind: z.enum(['not_replicable', 'derived', 'rejected', 'waiting']),
    }),
  ).meta({ description: 'What is said about fields that are not simply equal.' }),
  excluded_at: maybeTime.meta({ description: 'Since when a person leaves it out on this replica, or null.' }),
  excluded_reason: maybeText,
  excluded_by: maybeText,
};

export const document = z.strictObject(shared).openapi('Document');
export const documentPage = z.strictObject({ documents: list(document), next_cursor: nextCursor });

export const conflict = z
  .strictObject({
    id: z.int(),
    replica_id: z.int(),
    master_doc_id: z.int(),
    replica_doc_id: z.int().nullable(),
    field: z.string(),
    state: z.enum(CONFLICT_STATES),
    shown: z.record(z.string(), z.unknown()).meta({ description: 'Short values; of document text length and hash.' }),
    found_at: time,
    decided_at: maybeTime,
  })
  .openapi('Conflict');
export const conflictPage = z.strictObject({ conflicts: list(conflict), next_cursor: nextCursor });
export const oneConflict = z.strictObject({ conflict });

const upload = z.strictObject({
  k: z.int(),
  state: z.enum(['sending', 'unknown', 'awaiting', 'success', 'failure', 'refused']),
  posted_at: time,
  terminal_at: maybeTime,
  closed_at: maybeTime,
  task_id: maybeText,
  failure_code: maybeText,
  file_name: z.string(),
  size: count,
});

export const documentOnReplicas = z
  .strictObject({
    master_doc_id: z.int(),
    replicas: list(
      z.strictObject({
        ...shared,
        replica_id: z.int(),
        replica: z.string(),
        crash_count: count,
        master_modified: maybeText,
        replica_modified: maybeText,
        stored_checksum: maybeText,
        hold_until: maybeTime,
        uploads: list(upload),
        conflicts: list(conflict),
        verifications: list(ledgerRow),
        findings: list(finding),
        tombstones: list(tombstoneOfDocument),
      }),
    ),
  })
  .openapi('DocumentOnReplicas');

const run_id = z
  .int()
  .nullable()
  .meta({ description: 'The cycle that was begun for it, or null: it waits for the next.' });
export const retried = z.strictObject({ retried: count, run_id });
export const retriedOnReplicas = z.strictObject({
  retried: count,
  replicas: list(z.strictObject({ replica_id: z.int(), documents: count })),
  run_id,
});
export const excluded = z.strictObject({ excluded: count });
export const included = z.strictObject({ included: count, run_id });
export const cancelledDocument = z.strictObject({ run_id: z.int().nullable() });
