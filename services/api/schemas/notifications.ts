/** Channels, deliveries, silences (N1-N3). */
import { z } from '@hono/zod-openapi';
import { CHOSEN_EVENTS, EVENTS, SEVERITIES, type EventName } from '../../../shared/domain/notify-rules.ts';
import { QUIET_HOURS } from '../../../shared/domain/quiet-hours.ts';
import { CHANNEL_KINDS } from '../../../shared/notify/channels.ts';
import { text } from '../input.ts';
import { count, list, maybeId, maybeText, maybeTime, nextCursor, time } from './common.ts';

const ALL_EVENTS = Object.keys(EVENTS) as [EventName, ...EventName[]];
export const eventName = z.enum(ALL_EVENTS);
const chosenEvent = z.enum(CHOSEN_EVENTS as [EventName, ...EventName[]]);
const severity = z.enum(SEVERITIES);
export const DELIVERY_STATES = ['standby', 'waiting', 'delivered', 'failed', 'dropped'] as const;

const rules = {
  enabled: z.boolean().optional(),
  role: z
    .enum(['primary', 'backup'])
    .optional()
    .meta({ description: 'A backup fires when a primary fails, and always for what is critical.' }),
  events: z.array(chosenEvent).max(ALL_EVENTS.length).optional().meta({ description: 'Left out: all of them.' }),
  min_severity: severity.optional(),
  cooldown_seconds: z
    .int()
    .min(0)
    .max(604_800)
    .nullable()
    .optional()
    .meta({ description: 'Between two messages about one replica and event; null: alert_cooldown_seconds.' }),
  send_recovery: z.boolean().optional(),
  quiet_hours: z.string().regex(QUIET_HOURS, 'must look like 22:00-06:00').nullable().optional(),
};
const config = z
  .record(z.string().max(50), text(2000))
  .meta({ description: 'Its fields, by kind: docs/operations.md. An empty secret stays as it is.' });
const name = text(100).trim().min(1, 'must not be empty');

export const newChannel = z.strictObject({ name, kind: z.enum(CHANNEL_KINDS), config, ...rules });
export const channelPatch = z.strictObject({ name: name.optional(), config: config.optional(), ...rules });
export const newSilence = z.strictObject({
  event: eventName.nullable().optional(),
  replica_id: z.int().positive().max(999_999_999_999_999).nullable().optional(),
  reason: text(500).trim().min(1, 'must not be empty'),
  hours: z
    .int()
    .min(1)
    .max(24 * 90),
});

const channel = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    kind: z.string(),
    title: z.string(),
    leads_to: z.string().meta({ description: 'A host or a receiver; never what opens the channel.' }),
    of_settings: z.boolean().meta({ description: 'Its address and token stand in the settings alert_target_*.' }),
    state: z.enum(['ready', 'unconfirmed', 'failing', 'disabled', 'not_set']),
    enabled: z.boolean(),
    role: z.enum(['primary', 'backup']),
    events: list(z.string()),
    min_severity: severity,
    cooldown_seconds: z.int().nullable(),
    send_recovery: z.boolean(),
    quiet_hours: maybeText,
    config: z.record(z.string(), z.string()).meta({ description: 'Without secrets.' }),
    secrets_set: list(z.string()).meta({ description: 'Names of the secret fields that are set.' }),
    created_at: time,
    confirmed_at: maybeTime.meta({ description: 'When it last took a message.' }),
    failing_since: maybeTime,
    last_error: maybeText,
  })
  .openapi('NotificationChannel');
export const channelList = z.strictObject({ channels: list(channel), undelivered: count, nobody: z.boolean() });
export const oneChannel = z.strictObject({ channel });

const delivery = z
  .strictObject({
    id: z.int(),
    event_id: z.int(),
    message_id: z.string(),
    event: eventName,
    event_state: z.enum(['raised', 'recovered', 'info', 'test']),
    severity,
    title: z.string(),
    message: z.string(),
    replica_id: maybeId,
    channel_id: z.int(),
    channel: z.string(),
    state: z.enum(DELIVERY_STATES),
    attempts: count,
    due_at: time,
    held_by: maybeText,
    error_code: maybeText,
    last_error: maybeText,
    created_at: time,
    ended_at: maybeTime,
  })
  .openapi('AlertDelivery');
export const deliveryPage = z.strictObject({ deliveries: list(delivery), next_cursor: nextCursor });
export const oneDelivery = z.strictObject({ delivery });

const silence = z
  .strictObject({
    id: z.int(),
    event: maybeText,
    replica_id: maybeId,
    reason: z.string(),
    until: time,
    created_by: z.string(),
    created_at: time,
  })
  .openapi('AlertSilence');
export const silenceList = z.strictObject({ silences: list(silence) });
export const oneSilence = z.strictObject({ silence });
export const endedSilence = z.strictObject({ released: count });
export const sentDigest = z.strictObject({ event_id: z.int(), channels: count });
export const removedChannel = z.strictObject({ removed: z.literal(1) });
