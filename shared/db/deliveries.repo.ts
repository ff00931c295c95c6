/** The outbox (N3): which message is due, who sends it just now, and what became of it. */
import { sql } from 'kysely';
import type { EventName, EventState, Severity } from '../domain/notify-rules.ts';
import type { AlertEvent, Channel, DeliveryState } from './notify-tables.ts';
import type { Db } from './tables.ts';

/** What is due and has no job: never had one, or it was lost (R2). Marked in the same statement. */
export async function takeDueDeliveries(
  db: Db,
  by: { lostAfterMs: number; limit: number },
): Promise<{ id: number; generation: number }[]> {
  const { rows } = await sql<{ id: number; generation: number }>`
    update alert_deliveries set dispatched_at = now(), dispatch_gen = dispatch_gen + 1
    where id in (
      select id from alert_deliveries
      where state = 'waiting' and due_at <= now() and (claimed_until is null or claimed_until <= now())
        and (dispatched_at is null or dispatched_at < due_at
          or dispatched_at < now() - make_interval(secs => ${by.lostAfterMs / 1000}))
      order by due_at limit ${by.limit} for update skip locked)
    returning id, dispatch_gen as generation`.execute(db);
  return rows;
}

/** The queue took no job: the next tick tries again. */
export async function undispatchDeliveries(db: Db, ids: readonly number[]): Promise<void> {
  await sql`update alert_deliveries set dispatched_at = null where id = any(${[...ids]}::bigint[])`.execute(db);
}

export interface ClaimedDelivery {
  readonly id: number;
  readonly attempts: number;
  readonly event: AlertEvent;
  readonly channel: Channel;
}

/** One process at a time: whoever comes while the claim lasts, or after the end, gets undefined. The attempt counts from here. */
export async function claimDelivery(db: Db, id: number, claimMs: number): Promise<ClaimedDelivery | undefined> {
  const { rows } = await sql<{ attempts: number; event_id: number; channel_id: number }>`
    update alert_deliveries set attempts = attempts + 1, claimed_until = now() + make_interval(secs => ${claimMs / 1000})
    where id = ${id} and state = 'waiting' and due_at <= now() and (claimed_until is null or claimed_until <= now())
    returning attempts, event_id, channel_id`.execute(db);
  const [row] = rows;
  if (row === undefined) return undefined;
  const [event, channel] = await Promise.all([
    db.selectFrom('alert_events').selectAll().where('id', '=', row.event_id).executeTakeFirst(),
    db.selectFrom('notification_channels').selectAll().where('id', '=', row.channel_id).executeTakeFirst(),
  ]);
  if (event === undefined || channel === undefined) return undefined;
  return { id, attempts: row.attempts, event, channel };
}

/** Also of one that was dropped while it was on its way: it has arrived. */
export async function endDelivered(db: Db, id: number): Promise<void> {
  await sql`update alert_deliveries set state = 'delivered', ended_at = now(), claimed_until = null, error_code = null,
    last_error = null, held_by = null where id = ${id}`.execute(db);
}

/** It was dropped meanwhile: its end stays, only the reason is noted. */
export async function endFailed(
  db: Db,
  id: number,
  end: { state: 'failed' | 'dropped'; code: string; error: string },
): Promise<void> {
  await sql`update alert_deliveries set state = case when state = 'waiting' then ${end.state} else state end,
    ended_at = coalesce(ended_at, now()), claimed_until = null, error_code = ${end.code}, last_error = ${end.error}
    where id = ${id}`.execute(db);
}

export async function retryLater(
  db: Db,
  id: number,
  wait: { delayMs: number; code: string; error: string },
): Promise<void> {
  await sql`update alert_deliveries set due_at = now() + make_interval(secs => ${wait.delayMs / 1000}),
    claimed_until = null, dispatched_at = null, error_code = ${wait.code}, last_error = ${wait.error}
    where id = ${id} and state in ('waiting', 'dropped')`.execute(db);
}

/** The process stops: nothing was sent, so no attempt was made. */
export async function handBackDelivery(db: Db, id: number): Promise<void> {
  await sql`update alert_deliveries set attempts = attempts - 1, claimed_until = null, dispatched_at = null
    where id = ${id} and attempts > 0`.execute(db);
}

/** A primary fails: its backups speak. Returns how many. */
export async function releaseBackups(db: Db, eventId: number): Promise<number> {
  const { numAffectedRows } = await sql`update alert_deliveries set state = 'waiting', due_at = greatest(due_at, now())
    where event_id = ${eventId} and state = 'standby'`.execute(db);
  return Number(numAffectedRows ?? 0);
}

export interface DeliveryView {
  readonly id: number;
  readonly event_id: number;
  readonly message_id: string;
  readonly event: EventName;
  readonly event_state: EventState;
  readonly severity: Severity;
  readonly title: string;
  readonly message: string;
  readonly replica_id: number | null;
  readonly channel_id: number;
  readonly channel: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly due_at: Date;
  readonly held_by: string | null;
  readonly error_code: string | null;
  readonly last_error: string | null;
  readonly created_at: Date;
  readonly ended_at: Date | null;
}

const deliveries = (db: Db) =>
  db
    .selectFrom('alert_deliveries as d')
    .innerJoin('alert_events as e', 'e.id', 'd.event_id')
    .innerJoin('notification_channels as c', 'c.id', 'd.channel_id')
    .select(['d.id', 'd.event_id', 'e.message_id', 'e.event', 'e.state as event_state', 'e.severity', 'e.title'])
    .select(['e.message', 'e.replica_id', 'd.channel_id', 'c.name as channel', 'd.state', 'd.attempts', 'd.due_at'])
    .select(['d.held_by', 'd.error_code', 'd.last_error', 'd.created_at', 'd.ended_at']);

/** Given up in the last week, or tried in vain so far. */
const UNDELIVERED = sql<boolean>`((d.state = 'failed' and d.ended_at > now() - interval '7 days')
  or (d.state = 'waiting' and d.last_error is not null))`;

export interface DeliveryFilter {
  readonly channelId?: number | undefined;
  readonly state?: DeliveryState | undefined;
  readonly event?: EventName | undefined;
  /** Only what did not get through (so far). */
  readonly undelivered?: boolean | undefined;
}
/** Newest first. `before` is the id of the last one that the caller has. */
export function listDeliveries(
  db: Db,
  filter: DeliveryFilter,
  page: { readonly before?: number | undefined; readonly limit: number },
): Promise<DeliveryView[]> {
  return deliveries(db)
    .$if(filter.channelId !== undefined, (query) => query.where('d.channel_id', '=', filter.channelId as number))
    .$if(filter.state !== undefined, (query) => query.where('d.state', '=', filter.state as DeliveryState))
    .$if(filter.event !== undefined, (query) => query.where('e.event', '=', filter.event as EventName))
    .$if(filter.undelivered === true, (query) => query.where(UNDELIVERED))
    .$if(page.before !== undefined, (query) => query.where('d.id', '<', page.before as number))
    .orderBy('d.id', 'desc')
    .limit(page.limit)
    .execute();
}

export function findDelivery(db: Db, id: number): Promise<DeliveryView | undefined> {
  return deliveries(db).where('d.id', '=', id).executeTakeFirst();
}

/** Undefined: there is no such one, or it has not failed. */
export async function retryFailedDelivery(db: Db, id: number): Promise<boolean> {
  const { numAffectedRows } = await sql`update alert_deliveries set state = 'waiting', attempts = 0, due_at = now(),
    ended_at = null, dispatched_at = null, claimed_until = null where id = ${id} and state = 'failed'`.execute(db);
  return Number(numAffectedRows ?? 0) > 0;
}

/** Messages that did not get through. */
export async function countUndelivered(db: Db): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from alert_deliveries d
    where ${UNDELIVERED}`.execute(db);
  return rows[0]?.count ?? 0;
}
