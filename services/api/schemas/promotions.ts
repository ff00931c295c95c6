import { z } from '@hono/zod-openapi';
import { PROMOTION_PHASES } from '../../../shared/domain/promotion.ts';
import { count, list, maybeId, maybeText, maybeTime, nextCursor, orNull, time } from './common.ts';

const leftOpen = z
  .strictObject({
    replica_id: z.int(),
    replica: z.string(),
    uploads: count,
    versions: count,
    replacements: count,
    documents: count,
    unanswered: count,
  })
  .openapi('LeftOpen');
const counts = z
  .strictObject({
    documents: count,
    taxonomy: count,
    absent: count,
    behind: count,
    replicas: list(z.strictObject({ replica_id: z.int(), replica: z.string(), mapped: count, dropped: count })),
  })
  .openapi('PromotionCounts');

export const promotionPlan = z
  .strictObject({
    dry_run: z.literal(true),
    replica: z.strictObject({ id: z.int(), name: z.string(), url: z.string() }),
    old_master: z.strictObject({ url: z.string(), reachable: z.boolean(), error: maybeText }),
    problems: list(z.strictObject({ code: z.string(), message: z.string(), hint: maybeText })).meta({
      description: 'Why it cannot be promoted as things are; empty: it can.',
    }),
    counts,
    lacking: list(z.strictObject({ kind: z.enum(['absent', 'behind']), old_doc_id: z.int(), detail: maybeText })).meta({
      description: 'Documents that the new master will lack, or have without the last changes; the first thousand.',
    }),
    left_open: list(leftOpen).meta({ description: 'What is brought to its end first, or left to a person.' }),
    reserved: list(z.int()),
    reserved_in_trash: list(z.int()),
    held_back: list(
      z.strictObject({
        kind: z.string(),
        id: z.int(),
        name: z.string(),
        matching_algorithm: z.int(),
        is_inbox_tag: z.boolean(),
      }),
    ).meta({ description: 'Inbox flags and matching rules that it gets back.' }),
    afterwards: list(z.string()).meta({ description: 'What only a person can do afterwards.' }),
  })
  .openapi('PromotionPlan');

export const promotion = z
  .strictObject({
    id: z.int(),
    phase: z.enum(PROMOTION_PHASES),
    replica_id: z.int(),
    replica_name: z.string(),
    asked_by: z.string(),
    asked_at: time,
    accepted_at: maybeTime,
    accepted_by: maybeText,
    waits_code: maybeText,
    waits_for: maybeText.meta({ description: 'What stands in the way just now.' }),
    drain_run: maybeId,
    left_open: orNull(list(leftOpen)),
    old_master_url: z.string(),
    new_master_url: z.string(),
    switched_at: maybeTime,
    finished_at: maybeTime,
    summary: orNull(counts),
    readmitted_as: maybeId,
    readmitted_at: maybeTime,
  })
  .openapi('Promotion');
export const promotions = z.strictObject({ promotions: list(promotion) });

export const PARTED_KINDS = ['absent', 'behind', 'changed', 'added', 'deleted'] as const;
export const partedPage = z.strictObject({
  documents: list(
    z.strictObject({
      kind: z.enum(PARTED_KINDS),
      old_doc_id: z.int(),
      new_doc_id: maybeId,
      detail: maybeText,
      noted_at: time,
    }),
  ),
  next_cursor: nextCursor,
});

export const readmission = z
  .strictObject({
    dry_run: z.boolean(),
    replica_id: maybeId,
    url: z.string(),
    documents: count.meta({ description: 'Linked as they were at the switch.' }),
    foreign: count.meta({ description: 'On no link: kept, and never deleted.' }),
    diverged: list(
      z.strictObject({
        kind: z.enum(['changed', 'added', 'deleted']),
        old_doc_id: z.int(),
        new_doc_id: maybeId,
        detail: maybeText,
      }),
    ).meta({
      description: 'What was changed there since; the first thousand. What changed is left alone until included.',
    }),
    diverged_count: count,
  })
  .openapi('Readmission');
