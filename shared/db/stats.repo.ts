/** What was done, by day: summed up from the runs, which keep their counts. */
import { sql } from 'kysely';
import { HELD_CODES } from '../domain/lag.ts';
import type { Db } from './tables.ts';

export interface DayStats {
  /** YYYY-MM-DD in the time zone asked for. */
  readonly day: string;
  readonly runs: number;
  readonly failed_runs: number;
  readonly synced: number;
  readonly failed: number;
  readonly held: number;
  readonly retried: number;
  readonly bytes: number;
}

/** A row a day, also for days on which nothing ran; the newest first. A run counts for the day on which it began. */
export async function dailyStats(
  db: Db,
  { days, zone, replicaId }: { days: number; zone: string; replicaId: number | null },
): Promise<DayStats[]> {
  const { rows } = await sql<DayStats>`
    with days as (
      select ((now() at time zone ${zone})::date - n) as day from generate_series(0, ${days}::int - 1) as n)
    select to_char(d.day, 'YYYY-MM-DD') as day, count(r.id)::int as runs,
      (count(*) filter (where r.outcome = 'failed'))::int as failed_runs,
      coalesce(sum(r.docs_synced), 0)::bigint as synced, coalesce(sum(r.docs_failed), 0)::bigint as failed,
      coalesce(sum(r.docs_held), 0)::bigint as held, coalesce(sum(r.docs_retried), 0)::bigint as retried,
      coalesce(sum(r.bytes), 0)::bigint as bytes
    from days d left join sync_runs r on r.kind = 'replica' and (${replicaId}::bigint is null or r.replica_id = ${replicaId}::bigint)
      and r.started_at >= (d.day::timestamp at time zone ${zone})
      and r.started_at < ((d.day + 1)::timestamp at time zone ${zone})
    group by d.day order by d.day desc`.execute(db);
  return rows;
}

/** How many documents of a run's change set had failed before; taken when it is planned, since success forgets it. */
export async function noteRetried(db: Db, runId: number): Promise<void> {
  await sql`update sync_runs set docs_retried = (
      select count(*) from run_items i join sync_map s on s.id = i.link_id
      where i.run_id = ${runId} and s.error_code is not null and s.error_code <> all (${[...HELD_CODES]}::text[]))
    where id = ${runId}`.execute(db);
}
