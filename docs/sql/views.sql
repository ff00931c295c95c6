-- shared/db/views.repo.ts

-- countLinksByState
with unsettled as (
  select replica_id, status, phase, count(*)::int as documents from sync_map where (status <> 'ok' or phase <> 'ok') group by 1, 2, 3)
  select replica_id, status, phase, documents from unsettled
  union all
  select * from (
  select t.replica_id, 'ok', 'ok', (t.links - coalesce(sum(u.documents), 0))::int as documents
  from link_totals t left join unsettled u on u.replica_id = t.replica_id group by t.replica_id) as settled
  where settled.documents > 0;

-- countPendingTasks
select "sync_map"."replica_id", count(*)::int as "tasks"
  from "upload_attempts"
  inner join "sync_map" on "sync_map"."id" = "upload_attempts"."link_id"
  where "upload_attempts"."state" in ($1, $2, $3)
  and "upload_attempts"."closed_at" is null
  group by "sync_map"."replica_id";

-- listOpenRuns
select "run"."id", "run"."parent_run_id", "run"."kind", "run"."replica_id", "replicas"."name" as "replica", "run"."triggered_by", "run"."phase", "run"."started_at", "run"."finished_at", "run"."outcome", "run"."timed_out", "run"."docs_total", "run"."docs_synced", "run"."docs_failed", "run"."docs_held", "run"."bytes", "run"."error_code", "run"."error_msg", "run"."error_side"
  from "sync_runs" as "run"
  left join "replicas" on "replicas"."id" = "run"."replica_id"
  where "run"."finished_at" is null
  order by "run"."id";

-- listRuns
select "run"."id", "run"."parent_run_id", "run"."kind", "run"."replica_id", "replicas"."name" as "replica", "run"."triggered_by", "run"."phase", "run"."started_at", "run"."finished_at", "run"."outcome", "run"."timed_out", "run"."docs_total", "run"."docs_synced", "run"."docs_failed", "run"."docs_held", "run"."bytes", "run"."error_code", "run"."error_msg", "run"."error_side"
  from "sync_runs" as "run"
  left join "replicas" on "replicas"."id" = "run"."replica_id"
  order by "run"."id" desc
  limit $1;
select "run"."id", "run"."parent_run_id", "run"."kind", "run"."replica_id", "replicas"."name" as "replica", "run"."triggered_by", "run"."phase", "run"."started_at", "run"."finished_at", "run"."outcome", "run"."timed_out", "run"."docs_total", "run"."docs_synced", "run"."docs_failed", "run"."docs_held", "run"."bytes", "run"."error_code", "run"."error_msg", "run"."error_side"
  from "sync_runs" as "run"
  left join "replicas" on "replicas"."id" = "run"."replica_id"
  where "run"."replica_id" = $1
  and "run"."kind" = $2
  and "run"."outcome" = $3
  and "run"."finished_at" is not null
  and "run"."id" < $4
  order by "run"."id" desc
  limit $5;

-- findRun
select "run"."id", "run"."parent_run_id", "run"."kind", "run"."replica_id", "replicas"."name" as "replica", "run"."triggered_by", "run"."phase", "run"."started_at", "run"."finished_at", "run"."outcome", "run"."timed_out", "run"."docs_total", "run"."docs_synced", "run"."docs_failed", "run"."docs_held", "run"."bytes", "run"."error_code", "run"."error_msg", "run"."error_side"
  from "sync_runs" as "run"
  left join "replicas" on "replicas"."id" = "run"."replica_id"
  where "run"."id" = $1;

-- listChildRuns
select "run"."id", "run"."parent_run_id", "run"."kind", "run"."replica_id", "replicas"."name" as "replica", "run"."triggered_by", "run"."phase", "run"."started_at", "run"."finished_at", "run"."outcome", "run"."timed_out", "run"."docs_total", "run"."docs_synced", "run"."docs_failed", "run"."docs_held", "run"."bytes", "run"."error_code", "run"."error_msg", "run"."error_side"
  from "sync_runs" as "run"
  left join "replicas" on "replicas"."id" = "run"."replica_id"
  where "run"."parent_run_id" = $1
  order by "run"."id";

-- lastReplicaRuns
select "run"."id", "run"."parent_run_id", "run"."kind", "run"."replica_id", "replicas"."name" as "replica", "run"."triggered_by", "run"."phase", "run"."started_at", "run"."finished_at", "run"."outcome", "run"."timed_out", "run"."docs_total", "run"."docs_synced", "run"."docs_failed", "run"."docs_held", "run"."bytes", "run"."error_code", "run"."error_msg", "run"."error_side" from "sync_runs" as "run" left join "replicas" on "replicas"."id" = "run"."replica_id" where "run"."id" in (select last.id from replicas cross join lateral (select id from sync_runs
  where replica_id = replicas.id and kind = 'replica' and finished_at is not null order by id desc limit 1) last);

-- countRefusedDuplicates
select count(*)::int as "documents"
  from "sync_map"
  where "replica_id" = $1
  and "status" = $2
  and "phase" = $3
  and "error_code" = $4;

-- unfinishedMasterIds
select "master_doc_id"
  from "sync_map"
  where "replica_id" = $1
  and (dirty_seq <> applied_seq or excluded_at is not null);
