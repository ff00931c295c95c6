/** Where messages to people go, and what was silenced (N2, N3). */
import { sql, type Insertable, type Updateable } from 'kysely';
import type { Channel, NotificationChannelsTable, Silence } from './notify-tables.ts';
import type { Db } from './tables.ts';

export type NewChannel = Insertable<NotificationChannelsTable>;
export type ChannelChanges = Omit<Updateable<NotificationChannelsTable>, 'id' | 'kind'>;

export function listChannels(db: Db): Promise<Channel[]> {
  return db.selectFrom('notification_channels').selectAll().orderBy('id').execute();
}

export function findChannel(db: Db, id: number): Promise<Channel | undefined> {
  return db.selectFrom('notification_channels').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Undefined: the name is taken, or there is one of the settings already. */
export function insertChannel(db: Db, channel: NewChannel): Promise<Channel | undefined> {
  return db
    .insertInto('notification_channels')
    .values(channel)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}

/** Another one of that name. */
export async function isChannelName(db: Db, name: string, except: number | null): Promise<boolean> {
  const found = await db
    .selectFrom('notification_channels')
    .select('id')
    .where(sql<boolean>`lower(name) = lower(${name})`)
    .where('id', 'is distinct from', except)
    .executeTakeFirst();
  return found !== undefined;
}

export function updateChannel(db: Db, id: number, changes: ChannelChanges): Promise<Channel | undefined> {
  return db.updateTable('notification_channels').set(changes).where('id', '=', id).returningAll().executeTakeFirst();
}

/** Its deliveries go with it. */
export async function deleteChannel(db: Db, id: number): Promise<boolean> {
  const result = await db.deleteFrom('notification_channels').where('id', '=', id).executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export async function noteChannelWorks(db: Db, id: number): Promise<void> {
  await db
    .updateTable('notification_channels')
    .set({ confirmed_at: sql`now()`, failing_since: null, last_error: null })
    .where('id', '=', id)
    .execute();
}

export async function noteChannelFails(db: Db, id: number, error: string): Promise<void> {
  await db
    .updateTable('notification_channels')
    .set({ failing_since: sql`coalesce(failing_since, now())`, last_error: error })
    .where('id', '=', id)
    .execute();
}

/** Those that hold now. */
export function listSilences(db: Db): Promise<Silence[]> {
  return db.selectFrom('alert_silences').selectAll().where('until', '>', sql<Date>`now()`).orderBy('until').execute();
}

export function insertSilence(
  db: Db,
  silence: { event: string | null; replica_id: number | null; reason: string; until: Date; created_by: string },
): Promise<Silence> {
  return db.insertInto('alert_silences').values(silence).returningAll().executeTakeFirstOrThrow();
}

/** What it held back is due now. Undefined: there is none of this id. */
export async function endSilence(trx: Db, id: number): Promise<number | undefined> {
  const ended = await trx.deleteFrom('alert_silences').where('id', '=', id).executeTakeFirst();
  if (ended.numDeletedRows === 0n) return undefined;
  const released = await trx
    .updateTable('alert_deliveries')
    .set({ due_at: sql`now()`, held_by: null })
    .where('state', 'in', ['waiting', 'standby'])
    .where('held_by', '=', `silence ${id}`)
    .executeTakeFirst();
  return Number(released.numUpdatedRows);
}
