/** Tables of notifications; what each column means stands in migrations/2026-11-28-notifications.ts. */
import type { ColumnType, Generated, Selectable } from 'kysely';
import type { EventName, EventState, Severity } from '../domain/notify-rules.ts';
import type { Id, NullableTime, Time } from './tables.ts';

export type ChannelRole = 'primary' | 'backup';
export type DeliveryState = 'standby' | 'waiting' | 'delivered' | 'failed' | 'dropped';

export interface NotificationChannelsTable {
  id: Id;
  name: string;
  kind: string;
  config: string;
  shown: string;
  enabled: Generated<boolean>;
  role: Generated<ChannelRole>;
  events: string[];
  min_severity: Generated<Severity>;
  cooldown_seconds: number | null;
  send_recovery: Generated<boolean>;
  quiet_hours: string | null;
  created_at: Time;
  confirmed_at: NullableTime;
  failing_since: NullableTime;
  last_error: string | null;
}
export interface AlertsTable {
  id: Id;
  key: string;
  event: EventName;
  replica_id: number | null;
  level: number;
  opened_at: Time;
  closed_at: NullableTime;
}
export interface AlertEventsTable {
  id: Id;
  message_id: string;
  alert_id: number | null;
  event: EventName;
  state: EventState;
  severity: Severity;
  replica_id: number | null;
  title: string;
  message: string;
  data: ColumnType<Readonly<Record<string, unknown>>, string, string>;
  run_id: number | null;
  digest_day: string | null;
  created_at: Time;
}
export interface AlertDeliveriesTable {
  id: Id;
  event_id: number;
  channel_id: number;
  state: DeliveryState;
  attempts: Generated<number>;
  due_at: Time;
  held_by: string | null;
  claimed_until: NullableTime;
  dispatched_at: NullableTime;
  dispatch_gen: Generated<number>;
  error_code: string | null;
  last_error: string | null;
  created_at: Time;
  ended_at: NullableTime;
}
export interface AlertSilencesTable {
  id: Id;
  event: string | null;
  replica_id: number | null;
  reason: string;
  until: ColumnType<Date, Date | string, Date | string>;
  created_by: string;
  created_at: Time;
}

export interface NotifyTables {
  notification_channels: NotificationChannelsTable;
  alerts: AlertsTable;
  alert_events: AlertEventsTable;
  alert_deliveries: AlertDeliveriesTable;
  alert_silences: AlertSilencesTable;
}
export type Channel = Selectable<NotificationChannelsTable>;
export type AlertEvent = Selectable<AlertEventsTable>;
export type Silence = Selectable<AlertSilencesTable>;
