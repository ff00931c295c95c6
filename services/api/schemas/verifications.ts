import { z } from '@hono/zod-openapi';
import { DEPTHS, FINDING_KINDS, type FindingKind } from '../../../shared/domain/verification.ts';
import { count, list, maybeId, maybeText, maybeTime, nextCursor, time } from './common.ts';

export const depth = z.enum(DEPTHS);
export const findingKind = z.enum(FINDING_KINDS as [FindingKind, ...FindingKind[]]);
export const FINDING_STATES = ['open', 'repairing', 'repaired', 'accepted'] as const;

export const verification = z
  .strictObject({
    id: z.int(),
    replica_id: maybeId,
    replica: maybeText,
    scope: z.enum(['document', 'replica', 'slice', 'repairs', 'everything']),
    document: maybeId,
    depth,
    trigger: z.enum(['manual', 'cli', 'scheduler', 'repair']),
    asked_by: z.string(),
    state: z.enum(['waiting', 'running', 'done', 'stopped', 'failed', 'cancelled']),
    phase: z.enum(['list', 'fresh', 'documents', 'again']),
    requested_at: time,
    started_at: maybeTime,
    finished_at: maybeTime,
    budget_seconds: count.nullable(),
    spent_seconds: count,
    compared: count,
    equal: count,
    derived: count,
    findings: count,
    skipped: count,
    bytes_read: count,
    master_documents: count.nullable(),
    replica_documents: count.nullable(),
    subset: z.boolean().meta({ description: 'The master token did not see everything: nothing was called verified.' }),
    digest: maybeText.meta({ description: 'SHA-256 of the receipt as CSV.' }),
    error_code: maybeText,
    error: maybeText,
  })
  .openapi('Verification');
export const verificationPage = z.strictObject({ verifications: list(verification), next_cursor: nextCursor });

export const ledgerRow = z
  .strictObject({
    master_id: z.int(),
    replica_id: maybeId.meta({ description: 'The id of the copy.' }),
    depth,
    compared_at: time,
    outcome: z.enum(['equal', 'different', 'skipped', 'again']),
    reason: maybeText,
    master_file: maybeText,
    copy_file: maybeText,
    master_fields: maybeText,
    copy_fields: maybeText,
    derived: z.boolean(),
  })
  .openapi('ReceiptRow');
export const verificationDetail = z.strictObject({
  verification,
  replicas: list(verification),
  rows: list(ledgerRow),
  next_cursor: nextCursor,
});
export const openedVerification = z.strictObject({ verification_id: z.int(), already_running: z.boolean() });
export const cancelledVerification = z.strictObject({ verification_id: z.int(), cancelled: z.boolean() });

const side = z.strictObject({ hash: maybeText, value: z.unknown() });
export const finding = z
  .strictObject({
    id: z.int(),
    replica_id: z.int(),
    kind: findingKind,
    state: z.enum(FINDING_STATES),
    depth,
    master_doc_id: maybeId,
    replica_doc_id: maybeId,
    message: z.string(),
    hint: maybeText,
    fields: list(z.strictObject({ field: z.string(), master: side, copy: side })),
    found_at: time,
    last_seen_at: time,
    verification_id: z.int(),
    last_verification_id: z.int(),
    repairs: count,
    reason: maybeText,
    repaired_at: maybeTime,
    verified_again_at: maybeTime,
    verified_again_by: maybeId,
  })
  .openapi('Finding');
export const findingPage = z.strictObject({ findings: list(finding), next_cursor: nextCursor });
export const oneFinding = z.strictObject({ finding });
