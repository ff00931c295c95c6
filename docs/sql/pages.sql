-- shared/db/pages.repo.ts

-- importantEvents
select "logs"."id", "logs"."created_at", "logs"."level", "logs"."message", "logs"."code", "logs"."run_id", "logs"."replica_id", "logs"."doc_id", "replicas"."name" as "replica"
  from "logs"
  left join "replicas" on "replicas"."id" = "logs"."replica_id"
  where "logs"."level" in ($1, $2)
  order by "logs"."id" desc
  limit $3;

-- workersAlive
select "id", "role", "version", "started_at", "beat_at"
  from "workers"
  where "dead" = $1
  order by "role", "started_at";

-- replicaDays
with run as (
  select replica_id, outcome, docs_synced + docs_failed as documents,
  to_char(started_at at time zone $1, 'YYYY-MM-DD') as day,
  case when outcome in ('ok', 'partial') then extract(epoch from started_at - lag(started_at)
  over (partition by replica_id, outcome in ('ok', 'partial') order by started_at)) end as gap
  from sync_runs
  where kind = 'replica' and replica_id is not null and finished_at is not null
  and started_at > now() - make_interval(days => $2))
  select replica_id, day, count(*)::int as runs, (count(*) filter (where outcome = 'ok'))::int as ok,
  (count(*) filter (where outcome = 'partial'))::int as partial,
  (count(*) filter (where outcome in ('failed', 'timed_out')))::int as failed,
  sum(documents)::bigint as documents, max(gap)::float8 as longest_gap
  from run group by replica_id, day order by replica_id, day;

-- listRunItems
select "i"."link_id", "s"."master_doc_id", "s"."replica_id", "i"."kind", "i"."state", case when phase = 'excluded' then 'excluded' else status end as "status", "s"."phase", "s"."error_code", "s"."error_msg", "s"."retry_count", "s"."next_due_at", case i.state when 'failed' then 0 when 'held' then 1 when 'open' then 2 when 'planned' then 3 else 4 end as "rank"
  from "run_items" as "i"
  inner join "sync_map" as "s" on "s"."id" = "i"."link_id"
  where "i"."run_id" = $1
  order by "rank", "i"."link_id"
  limit $2;
select "i"."link_id", "s"."master_doc_id", "s"."replica_id", "i"."kind", "i"."state", case when phase = 'excluded' then 'excluded' else status end as "status", "s"."phase", "s"."error_code", "s"."error_msg", "s"."retry_count", "s"."next_due_at", case i.state when 'failed' then 0 when 'held' then 1 when 'open' then 2 when 'planned' then 3 else 4 end as "rank"
  from "run_items" as "i"
  inner join "sync_map" as "s" on "s"."id" = "i"."link_id"
  where "i"."run_id" = $1
  and "i"."state" in ($2, $3)
  and "i"."kind" = $4
  and "s"."error_code" = $5
  and (case i.state when 'failed' then 0 when 'held' then 1 when 'open' then 2 when 'planned' then 3 else 4 end, i.link_id) > ($6::int, $7::bigint)
  order by "rank", "i"."link_id"
  limit $8;

-- countRunItems
select "kind", "state", count(*)::int as "items"
  from "run_items"
  where "run_id" = $1
  group by "kind", "state";

-- groupRunErrors
select coalesce(s.error_code, 'unknown') as code, count(*)::int as items, min(s.error_msg) as example
  from run_items i join sync_map s on s.id = i.link_id
  where i.run_id = $1 and i.state in ('failed', 'held') and s.error_code is not null
  group by 1 order by 2 desc, 1 limit 20;

-- taxonomyTroubles
select "kind", "master_id", "name", "state", "error_msg"
  from "taxonomy_links"
  where "replica_id" = $1
  and "state" in ($2, $3)
  order by "kind", "name"
  limit $4;

-- countTaxonomy
select "kind", "state", count(*)::int as "names"
  from "taxonomy_links"
  where "replica_id" = $1
  group by "kind", "state"
  order by "kind";

-- countLinksOf
select "links" from "link_totals" where "replica_id" = $1;
