/** The tables of webhook intake (E24). */
import type { ColumnType, Generated, Selectable } from 'kysely';

export const WEBHOOK_KINDS = ['added', 'updated', 'changed'] as const;
export const WEBHOOK_STATES = ['pending', 'syncing', 'done', 'left'] as const;
export const WEBHOOK_OUTCOMES = ['applied', 'failed', 'deferred', 'not_there'] as const;
export const WEBHOOK_BODIES = ['json', 'form', 'text', 'multipart', 'replay'] as const;
export type WebhookKind = (typeof WEBHOOK_KINDS)[number];
export type WebhookState = (typeof WEBHOOK_STATES)[number];
export type WebhookOutcome = (typeof WEBHOOK_OUTCOMES)[number];
export type WebhookBody = (typeof WEBHOOK_BODIES)[number];

export interface WebhookEventsTable {
  id: ColumnType<number, never, never>;
  master_doc_id: number;
  kind: Generated<WebhookKind>;
  state: Generated<WebhookState>;
  received_at: Generated<Date>;
  last_received_at: Generated<Date>;
  received_count: Generated<number>;
  body: WebhookBody;
  fields: ColumnType<Record<string, string>, string | undefined, string>;
  looks: Generated<number>;
  next_look_at: Generated<Date>;
  marked_at: Date | null;
  ended_at: Date | null;
  outcome: WebhookOutcome | null;
  detail: string | null;
  run_id: number | null;
}
export interface WebhookRateTable {
  id: Generated<number>;
  minute: Generated<Date>;
  requests: Generated<number>;
}
export interface WebhookTables {
  webhook_events: WebhookEventsTable;
  webhook_rate: WebhookRateTable;
}
export type WebhookEvent = Selectable<WebhookEventsTable>;
