/** What is open, and what is to be said of it. All of it is written by the leader, in one transaction with its deliveries. */
import { sql } from 'kysely';
import type { EventName, EventState, OpenAlert, Severity } from '../domain/notify-rules.ts';
import type { AlertEvent, DeliveryState } from './notify-tables.ts';
import type { Db } from './tables.ts';

export function listOpenAlerts(db: Db): Promise<OpenAlert[]> {
  return db
    .selectFrom('alerts')
    .select(['id', 'key', 'event', 'replica_id', 'level'])
    .where('closed_at', 'is', null)
    .orderBy('id')
    .execute();
}

/** Undefined: somebody else opened it. */
export async function openAlert(
  trx: Db,
  alert: { key: string; event: EventName; replica_id: number | null; level: number },
): Promise<number | undefined> {
  const row = await trx
    .insertInto('alerts')
    .values(alert)
    .onConflict((conflict) => conflict.column('key').where('closed_at', 'is', null).doNothing())
    .returning('id')
    .executeTakeFirst();
  return row?.id;
}

export async function setAlertLevel(trx: Db, id: number, level: number): Promise<void> {
  await trx.updateTable('alerts').set({ level }).where('id', '=', id).execute();
}

export async function closeAlert(trx: Db, id: number): Promise<void> {
  await trx.updateTable('alerts').set({ closed_at: sql`now()` }).where('id', '=', id).execute();
}

export interface NewEvent {
  readonly messageId: string;
  readonly alertId: number | null;
  readonly event: EventName;
  readonly state: EventState;
  readonly severity: Severity;
  readonly replicaId: number | null;
  readonly title: string;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly runId?: number;
  readonly digestDay?: string;
}

/** Undefined: of this run or day there is one already. */
export function insertEvent(trx: Db, event: NewEvent): Promise<AlertEvent | undefined> {
  return trx
    .insertInto('alert_events')
    .values({
      message_id: event.messageId,
      alert_id: event.alertId,
      event: event.event,
      state: event.state,
      severity: event.severity,
      replica_id: event.replicaId,
      title: event.title,
      message: event.message,
      data: JSON.stringify(event.data),
      run_id: event.runId ?? null,
      digest_day: event.digestDay ?? null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}

export async function hasDigest(db: Db, day: string): Promise<boolean> {
  const row = await db.selectFrom('alert_events').select('id').where('digest_day', '=', day).executeTakeFirst();
  return row !== undefined;
}

export interface NewDelivery {
  readonly event_id: number;
  readonly channel_id: number;
  readonly state: Extract<DeliveryState, 'standby' | 'waiting'>;
  /** Null: now, by the clock of the database. */
  readonly due_at: Date | null;
  readonly held_by: string | null;
  /** Who writes it sends it himself: the queue gets it only should he not. */
  readonly own?: boolean;
}

/** Their ids, in the order given. */
export async function insertDeliveries(trx: Db, rows: readonly NewDelivery[]): Promise<number[]> {
  if (rows.length === 0) return [];
  const now = sql<Date>`now()`;
  const values = rows.map(({ own, due_at: due, ...row }) => ({
    ...row,
    due_at: due ?? now,
    dispatched_at: own === true ? now : null,
  }));
  const inserted = await trx.insertInto('alert_deliveries').values(values).returning('id').execute();
  return inserted.map(({ id }) => id);
}

/** When each channel was last told of this event and replica; what may have arrived counts as told. */
export async function lastTold(
  db: Db,
  event: EventName,
  replicaId: number | null,
  since: Date,
): Promise<ReadonlyMap<number, Date>> {
  const rows = await db
    .selectFrom('alert_deliveries as d')
    .innerJoin('alert_events as e', 'e.id', 'd.event_id')
    .select(['d.channel_id', sql<Date>`max(coalesce(d.ended_at, d.created_at))`.as('at')])
    .where('e.created_at', '>', since)
    .where('e.event', '=', event)
    .where('e.state', '=', 'raised')
    .where('e.replica_id', 'is not distinct from', replicaId)
    .where('d.attempts', '>', 0)
    .groupBy('d.channel_id')
    .execute();
  return new Map(rows.map(({ channel_id: id, at }) => [id, at]));
}

/** Messages of an open alert that a newer one replaces, or that are over; those that were tried stay if `untouched`. */
export async function dropMessages(trx: Db, alertId: number, untouched: boolean): Promise<void> {
  await sql`update alert_deliveries d set state = 'dropped', ended_at = now()
    from alert_events e where e.id = d.event_id and e.alert_id = ${alertId} and e.state = 'raised'
      and d.state in ('standby', 'waiting') and (d.attempts = 0 or not ${untouched}::boolean)`.execute(trx);
}

export interface ToldChannel {
  readonly channel_id: number;
  /** A process is sending it just now. */
  readonly busy_until: Date | null;
}

/** To whom something of this alert went, or may have gone. */
export async function toldOfAlert(trx: Db, alertId: number): Promise<ToldChannel[]> {
  const { rows } = await sql<ToldChannel>`
    select d.channel_id, max(d.claimed_until) filter (where d.claimed_until > now()) as busy_until
    from alert_deliveries d join alert_events e on e.id = d.event_id
    where e.alert_id = ${alertId} and e.state = 'raised' and d.attempts > 0 group by d.channel_id`.execute(trx);
  return rows;
}

/** Older pings say nothing once there is a newer one. */
export async function dropOlderPings(trx: Db, eventId: number): Promise<void> {
  await sql`update alert_deliveries d set state = 'dropped', ended_at = now()
    from alert_events e where e.id = d.event_id and e.event = 'cycle_finished' and e.id < ${eventId}
      and d.state in ('standby', 'waiting')`.execute(trx);
}

export async function noteReplicaAlert(trx: Db, replicaId: number): Promise<void> {
  await trx.updateTable('replicas').set({ last_alert_at: sql`now()` }).where('id', '=', replicaId).execute();
}

/** Retention: what ended before, its events with it; what is open or waits stays. */
export async function pruneAlerts(trx: Db, before: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`delete from alert_events where id in (
    select e.id from alert_events e where e.created_at < ${before}
      and not exists (select from alert_deliveries d where d.event_id = e.id and d.state in ('standby', 'waiting'))
      and not exists (select from alerts a where a.id = e.alert_id and a.closed_at is null)
    order by e.created_at limit ${limit})`.execute(trx);
  await sql`delete from alerts where closed_at < ${before}`.execute(trx);
  await sql`delete from alert_silences where until < ${before}`.execute(trx);
  return Number(numAffectedRows ?? 0);
}
