/** Webhooks of the master (E24). */
import { z } from '@hono/zod-openapi';
import { WEBHOOK_BODIES, WEBHOOK_KINDS, WEBHOOK_OUTCOMES, WEBHOOK_STATES } from '../../../shared/db/webhook-tables.ts';
import { count, list, maybeId, maybeText, maybeTime, nextCursor, time } from './common.ts';

const event = z
  .strictObject({
    id: z.int(),
    master_doc_id: z.int(),
    kind: z.enum(WEBHOOK_KINDS).meta({ description: 'changed: it is not known whether it is new.' }),
    state: z.enum(WEBHOOK_STATES).meta({ description: 'left: a cycle or the sweep sees to it.' }),
    received_at: time,
    last_received_at: time,
    received_count: z.int().min(1).meta({ description: 'Webhooks that this event stands for.' }),
    body: z.enum(WEBHOOK_BODIES).meta({ description: 'The form it came in; replay: a person asked for it.' }),
    fields: z
      .record(z.string(), z.string())
      .meta({ description: 'Of values that do not name the document, the length.' }),
    looks: count.meta({ description: 'Looks at the master that found nothing.' }),
    next_look_at: maybeTime,
    marked_at: maybeTime.meta({ description: 'From here on the cycles have it on their list as well.' }),
    ended_at: maybeTime,
    outcome: z.enum(WEBHOOK_OUTCOMES).nullable(),
    detail: maybeText,
    run_id: maybeId.meta({ description: 'The cycle that carried it.' }),
  })
  .openapi('WebhookEvent');
export const webhookEvents = z.strictObject({ events: list(event), next_cursor: nextCursor });
export const replayed = z.strictObject({
  id: z.int().meta({ description: 'The event that now waits for its turn.' }),
  master_doc_id: z.int(),
});
export const webhookSummary = z.strictObject({
  secret_set: z.boolean(),
  url: maybeText.meta({ description: 'Where paperless sends its webhooks; null: PUBLIC_URL is not set.' }),
  last_received_at: maybeTime,
  events: z.strictObject({ pending: count, syncing: count, done: count, left: count }),
});
export const workflowReport = z.strictObject({
  state: z.enum(['none', 'installed', 'differs']),
  url: maybeText.meta({ description: 'Where its webhooks go.' }),
  differences: list(z.string()),
});
export const workflowInstalled = z.strictObject({
  done: z.enum(['created', 'changed', 'nothing']),
  secret_made: z.boolean(),
  url: z.string(),
});
export const workflowRemoved = z.strictObject({ removed: z.boolean() });
