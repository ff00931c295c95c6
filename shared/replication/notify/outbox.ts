/** Events with their deliveries: written together, in the transaction of the caller, or not at all. */
import { randomBytes } from 'node:crypto';
import type { Settings } from '../../config/settings.ts';
import * as repo from '../../db/alerts.repo.ts';
import type { AlertEvent, Channel, Silence } from '../../db/notify-tables.ts';
import type { Db } from '../../db/tables.ts';
import { dueOf, wants, type Occasion } from '../../domain/notify-rules.ts';
import { DAY } from '../../kernel/clock.ts';

export interface OutboxScene {
  readonly now: Date;
  readonly settings: Settings;
  readonly channels: readonly Channel[];
  readonly silences: readonly Silence[];
}

export type NewsItem = Omit<repo.NewEvent, 'messageId'>;

export const newMessageId = (): string => `msg_${randomBytes(16).toString('hex')}`;

/** Longer than any cooldown. */
const REMEMBERED = 8 * DAY;

/** Null: of this run or day there is one already. */
export async function publish(trx: Db, scene: OutboxScene, item: NewsItem): Promise<AlertEvent | null> {
  const { now, settings, silences, channels } = scene;
  const event = await repo.insertEvent(trx, { ...item, messageId: newMessageId() });
  if (event === undefined) return null;
  const told = channels.filter((channel) => wants(channel, item.event, item.severity));
  const lasts = item.state === 'raised';
  const lastTold = lasts ? await repo.lastTold(trx, item.event, item.replicaId, before(now)) : new Map<number, Date>();
  const occasion = (channel: Channel): Occasion => ({
    ...{ event: item.event, severity: item.severity, replicaId: item.replicaId, now, silences },
    timeZone: settings.timezone ?? 'UTC',
    lastTold: lastTold.get(channel.id) ?? null,
    cooldownSeconds: settings.alertCooldownSeconds,
  });
  const hasPrimary = told.some(({ role }) => role === 'primary');
  await repo.insertDeliveries(
    trx,
    told.map((channel) => {
      const due = dueOf(channel, occasion(channel));
      const waits = channel.role === 'backup' && hasPrimary && item.severity !== 'critical';
      const state = waits ? ('standby' as const) : ('waiting' as const);
      return {
        event_id: event.id,
        channel_id: channel.id,
        state,
        due_at: due?.at ?? null,
        held_by: due?.heldBy ?? null,
      };
    }),
  );
  return event;
}

/** That something is over is told once, and to those alone who heard, or may have heard, that it had begun. */
export async function publishRecovery(
  trx: Db,
  scene: OutboxScene,
  item: NewsItem & { alertId: number },
): Promise<void> {
  await repo.dropMessages(trx, item.alertId, false);
  const told = await repo.toldOfAlert(trx, item.alertId);
  const heard = told.filter(({ channel_id: id }) =>
    scene.channels.some((channel) => channel.id === id && channel.enabled && channel.send_recovery),
  );
  if (heard.length === 0) return;
  const event = await repo.insertEvent(trx, { ...item, messageId: newMessageId() });
  if (event === undefined) return;
  await repo.insertDeliveries(
    trx,
    heard.map(({ channel_id, busy_until: busy }) => ({
      ...{ event_id: event.id, channel_id, state: 'waiting' as const, held_by: null },
      // The beginning is on its way just now: the end is not to overtake it.
      due_at: busy,
    })),
  );
}

const before = (now: Date): Date => new Date(now.getTime() - REMEMBERED);
