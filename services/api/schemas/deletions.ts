import { z } from '@hono/zod-openapi';
import { count, list, maybeId, maybeText, maybeTime, nextCursor, time } from './common.ts';

export const TOMBSTONE_STATES = [
  'planned',
  'asn_cleared',
  'trashed',
  'purge_due',
  'purged',
  'restored',
  'undone',
  'cancelled',
  'released',
] as const;

export const deletionPlan = z
  .strictObject({
    mode: z.enum(['keep', 'trash', 'delete']),
    stopped: maybeText.meta({ description: 'Why nothing of it is done now, or null.' }),
    held: z.strictObject({ reason: z.string(), since: maybeTime, count }).nullable(),
    limit: count,
    wanted: count,
    documents: list(
      z.strictObject({
        master_doc_id: z.int(),
        replica_doc_id: z.int(),
        master_state: z.enum(['trashed', 'absent']),
        action: z.enum(['trash', 'purge', 'release', 'keep', 'wait', 'under_way']),
        goes: z.boolean().meta({ description: 'Whether the next run does it.' }),
        why: z.string(),
        tombstone_id: maybeId,
      }),
    ),
  })
  .openapi('DeletionPlan');
export const approved = z.strictObject({ approved: count });
export const wouldApprove = z.strictObject({ dry_run: z.literal(true), ...deletionPlan.shape });

const shared = {
  id: z.int(),
  replica_doc_id: z.int(),
  reason: z.enum(['trashed_on_master', 'absent_on_master', 'surplus', 'replaced']),
  state: z.enum(TOMBSTONE_STATES),
  detail: maybeText,
  planned_at: time,
  trashed_at: maybeTime,
  purged_at: maybeTime,
  closed_at: maybeTime,
};
export const tombstoneOfDocument = z.strictObject(shared);
export const tombstone = z
  .strictObject({
    ...shared,
    master_doc_id: z.int(),
    replica_added: maybeText,
    archive_serial_number: maybeId,
    checksum: maybeText,
    undo_asked_at: maybeTime,
  })
  .openapi('Tombstone');
export const tombstonePage = z.strictObject({ tombstones: list(tombstone), next_cursor: nextCursor });
export const undone = z.strictObject({ tombstone, run_id: maybeId });

export const master = z
  .strictObject({
    generation: maybeText,
    version: maybeText,
    superuser: z.boolean().nullable(),
    documents: count.nullable(),
    last_contact_at: maybeTime,
    last_sweep_at: maybeTime,
    suspended: z.strictObject({ code: z.string(), reason: maybeText, since: maybeTime }).nullable(),
    waiting: z.strictObject({ disappearance: count, identities: count, rollback: count }),
    suspects: list(
      z.strictObject({
        kind: z.enum(['missing', 'identity', 'reused', 'rollback']),
        master_doc_id: z.int(),
        known: maybeText,
        seen: maybeText,
        found_at: time,
      }),
    ),
  })
  .openapi('Master');
export const CONFIRMATIONS = ['disappearance', 'identities', 'rollback', 'address'] as const;
export const confirmed = z.strictObject({ accepted: z.enum(CONFIRMATIONS), documents: list(z.int()) });
