/** How far behind each replica is, in one pass over what is open (E23). */
import { sql } from 'kysely';
import { HELD_CODES } from '../domain/lag.ts';
import type { Db } from './tables.ts';

export interface LagRow {
  readonly replica_id: number;
  /** With outstanding work (protocol section 3), whatever their status says. */
  readonly documents: number;
  /** When the oldest change was made that this replica still owes; held documents are not asked. */
  readonly oldest_change: Date | null;
  readonly held: number;
}

/**
 * A change that the feed showed bears the master's own time of it, but nothing is owed for longer than the replica exists;
 * one that only a sweep found bears the time at which it was found. Documents that were given up or blocked are no open
 * work. A replica without any has no row. The planner takes `dirty_seq <> applied_seq` for true of nearly every row, and
 * would read them all; of `dirty_since`, which a trigger keeps in step with it, it knows how few there are.
 */
export async function measureLag(db: Db): Promise<LagRow[]> {
  const { rows } = await sql<LagRow>`
    select s.replica_id, count(*)::int as documents,
      min(case when s.feed_modified is distinct from s.master_modified
        then least(s.dirty_since, greatest(s.feed_modified::timestamptz, r.created_at))
        else s.dirty_since end)
        filter (where coalesce(s.error_code, '') <> all (${[...HELD_CODES]}::text[])) as oldest_change,
      (count(*) filter (where s.error_code = any (${[...HELD_CODES]}::text[])))::int as held
    from sync_map s join replicas r on r.id = s.replica_id
    where s.dirty_seq <> s.applied_seq and s.dirty_since is not null
    group by s.replica_id order by s.replica_id`.execute(db);
  return rows;
}
