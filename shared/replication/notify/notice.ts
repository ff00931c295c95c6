/** From an event's row to the message that a channel sends. */
import type { AlertEvent } from '../../db/notify-tables.ts';
import { EVENTS, isEventName } from '../../domain/notify-rules.ts';
import type { Notice } from '../../notify/transport.ts';

type Row = Pick<
  AlertEvent,
  'message_id' | 'event' | 'state' | 'severity' | 'title' | 'message' | 'replica_id' | 'data' | 'created_at'
>;

export function noticeOf(row: Row, publicUrl: string | undefined): Notice {
  const event = nameOf(row);
  return {
    id: row.message_id,
    at: row.created_at,
    event,
    state: row.state,
    severity: row.severity,
    title: row.title,
    message: row.message,
    link: publicUrl === undefined ? null : publicUrl + (row.replica_id === null ? '/' : `/replicas/${row.replica_id}`),
    payload: payloadOf(row, event, publicUrl),
    good: row.data['good'] !== false,
  };
}

/** The end of a trouble has a name of its own, so that a receiver that looks at the name alone is not misled. */
function nameOf({ event, state }: Row): string {
  const over = isEventName(event) ? EVENTS[event].over : null;
  return state === 'recovered' && over !== null ? over : event;
}

/** The two events that the reference knows carry its nine fields and nothing else; all others say more besides. */
const OF_REFERENCE = new Set(['sync_failures_threshold', 'replica_suspended']);

function payloadOf(row: Row, event: string, publicUrl: string | undefined): Record<string, unknown> {
  const { replica, replica_url, consecutive_failures, docs_failed, docs_synced, ...more } = row.data;
  const payload = {
    event,
    replica: replica ?? null,
    replica_url: replica_url ?? null,
    consecutive_failures: consecutive_failures ?? 0,
    docs_failed: docs_failed ?? 0,
    docs_synced: docs_synced ?? 0,
    timestamp: row.created_at.toISOString().replace(/\.\d+Z$/, 'Z'),
    controller_url: publicUrl ?? null,
  };
  if (OF_REFERENCE.has(event)) return payload;
  const { severity, state, title, message } = row;
  return { ...payload, severity, state, title, message, details: more };
}
