/** One row: the process that does what must happen once. Its epoch rises with every change of hands (H12). */
import { sql } from 'kysely';
import type { Db } from './tables.ts';

/** Takes the lead if nobody living has it. Returns the epoch under which this process leads, or null. */
export async function takeLead(db: Db, worker: string): Promise<number | null> {
  const now = await db.selectFrom('leader').select(['worker_id', 'epoch']).executeTakeFirstOrThrow();
  if (now.worker_id === worker) return now.epoch;
  const { rows } = await sql<{ epoch: number }>`
    update leader set worker_id = ${worker}, epoch = epoch + 1, since = now()
    where (worker_id is null or not exists (select 1 from workers w where w.id = leader.worker_id and not w.dead))
      and exists (select 1 from workers w where w.id = ${worker} and not w.dead for share)
    returning epoch`.execute(db);
  return rows[0]?.epoch ?? null;
}

/** An orderly end: the next process leads at once. */
export async function resignLead(db: Db, worker: string): Promise<void> {
  await db.updateTable('leader').set({ worker_id: null, since: sql`now()` }).where('worker_id', '=', worker).execute();
}

/**
 * Whether this epoch still leads; in a transaction it then does until the commit, since a change of hands waits for the row.
 * Without `worker` it is enough that the epoch did not change: for work that the leader had others do.
 */
export async function stillLeads(db: Db, epoch: number, worker: string | null): Promise<boolean> {
  const { rows } = await sql<{ one: number }>`
    select 1 as one from leader where epoch = ${epoch}
      and (${worker}::uuid is null or worker_id = ${worker}::uuid)
      and exists (select 1 from workers w where w.id = leader.worker_id and not w.dead) for share of leader`.execute(
    db,
  );
  return rows.length > 0;
}

export interface LeaderView {
  readonly worker_id: string;
  readonly role: string;
  readonly epoch: number;
  readonly since: Date | null;
  readonly beat_at: Date;
}

/** Who leads, for people; undefined while nobody living does. */
export function currentLeader(db: Db): Promise<LeaderView | undefined> {
  return db
    .selectFrom('leader')
    .innerJoin('workers', 'workers.id', 'leader.worker_id')
    .select(['workers.id as worker_id', 'workers.role', 'leader.epoch', 'leader.since', 'workers.beat_at'])
    .where('workers.dead', '=', false)
    .executeTakeFirst();
}
