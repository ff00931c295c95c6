-- shared/db/stats.repo.ts

-- dailyStats
with days as (
  select ((now() at time zone $1)::date - n) as day from generate_series(0, $2::int - 1) as n)
  select to_char(d.day, 'YYYY-MM-DD') as day, count(r.id)::int as runs,
  (count(*) filter (where r.outcome = 'failed'))::int as failed_runs,
  coalesce(sum(r.docs_synced), 0)::bigint as synced, coalesce(sum(r.docs_failed), 0)::bigint as failed,
  coalesce(sum(r.docs_held), 0)::bigint as held, coalesce(sum(r.docs_retried), 0)::bigint as retried,
  coalesce(sum(r.bytes), 0)::bigint as bytes
  from days d left join sync_runs r on r.kind = 'replica' and ($3::bigint is null or r.replica_id = $4::bigint)
  and r.started_at >= (d.day::timestamp at time zone $5)
  and r.started_at < ((d.day + 1)::timestamp at time zone $6)
  group by d.day order by d.day desc;

-- noteRetried
update sync_runs set docs_retried = (
  select count(*) from run_items i join sync_map s on s.id = i.link_id
  where i.run_id = $1 and s.error_code is not null and s.error_code <> all ($2::text[]))
  where id = $3;
