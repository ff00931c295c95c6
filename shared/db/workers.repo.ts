/** One row a process; `beat` is its pulse (protocol section 2). */
import { sql } from 'kysely';
import type { Db } from './tables.ts';

/** Not now(): a statement may have waited for a row. */
const NOW = sql<Date>`clock_timestamp()`.as('now');

/** The database's time. */
export async function registerWorker(db: Db, worker: { id: string; role: string; version: string }): Promise<Date> {
  const row = await db.insertInto('workers').values(worker).returning(NOW).executeTakeFirstOrThrow();
  return row.now;
}

/** The database's time; null: this process was declared dead and must stop at once. */
export async function beat(db: Db, id: string): Promise<Date | null> {
  const rows = await db
    .updateTable('workers')
    .set({ beat: sql`beat + 1`, beat_at: sql`now()` })
    .where('id', '=', id)
    .where('dead', '=', false)
    .returning(NOW)
    .execute();
  return rows[0]?.now ?? null;
}

export function livingWorkers(db: Db): Promise<{ id: string; beat: number }[]> {
  return db.selectFrom('workers').select(['id', 'beat']).where('dead', '=', false).execute();
}

/** Processes that beat, by role. The beat is looked at, too: when the last one died, nobody is left to declare it dead. */
export function countProcesses(db: Db): Promise<{ role: string; living: number }[]> {
  return db
    .selectFrom('workers')
    .select(['role', sql<number>`count(*)::int`.as('living')])
    .where('dead', '=', false)
    .where('beat_at', '>', sql<Date>`now() - interval '30 seconds'`)
    .groupBy('role')
    .execute();
}

/**
 * Ends the sessions of a process that does not beat: a transaction that was open when it froze, or when its line was cut,
 * holds rows that whoever takes over needs, its own row among them, and PostgreSQL would notice in hours. Its request slots
 * are locks of a registered session (H12). Compared in SQL, since a Date loses the microseconds of backend_start.
 */
async function endSessions(db: Db, id: string, seenBeat: number): Promise<void> {
  await sql`select pg_terminate_backend(session.pid) from workers join pg_stat_activity session
    on (session.pid = workers.lock_pid and session.backend_start = workers.lock_backend_start)
      or (right(session.application_name, 36) = workers.id::text and session.datname = current_database())
    where workers.id = ${id} and workers.beat = ${seenBeat} and session.pid <> pg_backend_pid()`.execute(db);
}

/** Declares a process dead, unless it has beaten since it was observed; true if this call did it. */
export async function declareDead(db: Db, id: string, seenBeat: number): Promise<boolean> {
  // First: the row itself may be held by one of them.
  await endSessions(db, id, seenBeat);
  const rows = await db
    .updateTable('workers')
    .set({ dead: true })
    .where('id', '=', id)
    .where('beat', '=', seenBeat)
    .where('dead', '=', false)
    .returning('id')
    .execute();
  // Once more, for what it opened meanwhile: nothing of it may be under way when others go on.
  if (rows.length > 0) await endSessions(db, id, seenBeat);
  return rows.length > 0;
}

/** Since when the scratch folder of this process has no room for the next file. */
export async function noteScratch(db: Db, id: string, full: boolean): Promise<void> {
  await db
    .updateTable('workers')
    .set({ scratch_full_since: full ? sql`coalesce(scratch_full_since, now())` : null })
    .where('id', '=', id)
    .execute();
}

export interface ScratchState {
  /** Since when the first of the living processes has no room for files; null: all have. */
  readonly full_since: Date | null;
  /** None of those that do documents has room: no upload is handed out. */
  readonly all_full: boolean;
}

export async function scratchState(db: Db): Promise<ScratchState> {
  const { rows } = await sql<ScratchState>`
    select min(scratch_full_since) as full_since, coalesce(bool_and(scratch_full_since is not null), false) as all_full
    from workers where not dead and role <> 'api'`.execute(db);
  return rows[0] ?? { full_since: null, all_full: false };
}

/** An orderly end: leases of this process are free at once. */
export async function signOff(db: Db, id: string): Promise<void> {
  await db.updateTable('workers').set({ dead: true }).where('id', '=', id).execute();
}

export async function noteLockSession(db: Db, id: string, pid: number, backendStart: string): Promise<void> {
  await db
    .updateTable('workers')
    .set({ lock_pid: pid, lock_backend_start: backendStart })
    .where('id', '=', id)
    .execute();
}

/** Rows of processes that died more than a week ago and hold no lease. */
export async function pruneWorkers(db: Db): Promise<void> {
  await sql`delete from workers w where w.dead and w.beat_at < now() - interval '7 days'
    and not exists (select 1 from sync_map s where s.lease_worker = w.id)`.execute(db);
}

export interface ProcessView {
  readonly id: string;
  readonly role: string;
  readonly version: string;
  readonly started_at: Date;
  readonly beat_at: Date;
  readonly dead: boolean;
  readonly leads: boolean;
  readonly scratch_full_since: Date | null;
  /** What it holds right now. */
  readonly documents: readonly { readonly replica_id: number; readonly master_doc_id: number }[];
  readonly runs: readonly number[];
  readonly verifications: readonly number[];
}

/** Processes that live, and those that ended within the last hour; what each works on is told by the leases it holds. */
export async function listProcesses(db: Db): Promise<ProcessView[]> {
  const { rows } = await sql<ProcessView>`
    select w.id, w.role, w.version, w.started_at, w.beat_at, w.dead, w.scratch_full_since,
      coalesce((select l.worker_id = w.id from leader l), false) as leads,
      coalesce((select json_agg(d) from (select s.replica_id, s.master_doc_id from sync_map s
        where s.lease_worker = w.id order by s.id limit 20) d), '[]') as documents,
      coalesce((select json_agg(r.id order by r.id) from sync_runs r
        where r.lease_worker = w.id and r.finished_at is null), '[]') as runs,
      coalesce((select json_agg(v.id order by v.id) from verifications v
        where v.lease_worker = w.id and v.finished_at is null), '[]') as verifications
    from workers w where not w.dead or w.beat_at > now() - interval '1 hour'
    order by w.dead, w.started_at desc limit 100`.execute(db);
  return rows;
}
