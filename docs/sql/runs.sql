-- shared/db/runs.repo.ts

-- insertCycle
insert into "sync_runs" ("kind", "triggered_by") values ($1, $2) returning "id";

-- deleteCycle
delete from "sync_runs" where "id" = $1;

-- insertReplicaRun
insert into sync_runs (parent_run_id, replica_id, kind, triggered_by, phase, sweep, mode)
  values ($1, $2, 'replica', $3, 'waiting', $4, $5)
  on conflict do nothing returning id;

-- runById
select * from "sync_runs" where "id" = $1;

-- openRunOf
select * from "sync_runs" where "replica_id" = $1 and "finished_at" is null;

-- childrenOf
select * from "sync_runs" where "parent_run_id" = $1 order by "id";

-- unfinishedRuns
select * from "sync_runs" where "finished_at" is null order by "id";

-- replicasUnderWay
select "replica_id"
  from "sync_runs"
  where "kind" = $1
  and "finished_at" is null
  and "replica_id" is not null
  order by "replica_id";

-- takeRun
update sync_runs set lease_worker = $1, lease_epoch = lease_epoch + 1
  where id = $2 and finished_at is null
  and (lease_worker is null or exists (select 1 from workers w where w.id = sync_runs.lease_worker and w.dead))
  returning *;

-- updateRun
update "sync_runs"
  set "phase" = $1
  where "id" = $2
  and "lease_epoch" = $3
  and "lease_worker" = $4
  and "finished_at" is null
  returning *;

-- releaseRun
update "sync_runs"
  set "phase" = $1, "lease_worker" = $2
  where "id" = $3
  and "lease_epoch" = $4
  and "lease_worker" = $5
  and "finished_at" is null
  returning *;

-- releaseForgottenRuns
select "id", "lease_epoch" from "sync_runs" where "lease_worker" = $1 and "finished_at" is null;
update "sync_runs"
  set "lease_worker" = $1, "dispatched_at" = $2
  where "id" = $3
  and "lease_worker" = $4
  and "lease_epoch" = $5;

-- releaseRunsOf
update "sync_runs" set "lease_worker" = $1, "dispatched_at" = $2 where "lease_worker" = $3;

-- takeLostRuns
update sync_runs r set dispatched_at = now(), dispatched_by = $1, dispatch_gen = dispatch_gen + 1
  where r.finished_at is null and r.phase in ('opening', 'feed', 'starting', 'taxonomy', 'planning')
  and ((r.lease_worker is null and (r.dispatched_at is null or r.dispatched_at < now() - make_interval(secs => $2)
  or exists (select 1 from workers w where w.id = r.dispatched_by and w.dead)))
  or exists (select 1 from workers w where w.id = r.lease_worker and w.dead))
  returning r.id, r.kind, r.dispatch_gen;

-- undispatchRun
update sync_runs set dispatched_at = null
  where id = $1 and dispatch_gen = $2 and lease_worker is null;

-- startChildren
update sync_runs set phase = 'starting', dispatched_at = now(), dispatched_by = $1, dispatch_gen = dispatch_gen + 1
  where parent_run_id = $2 and finished_at is null and phase = 'waiting' returning id, kind, dispatch_gen;

-- noteRunDispatched
update sync_runs set dispatched_at = now() where id = $1 and dispatched_at is null;

-- closedAmong
select id from sync_runs where id = any($1::bigint[]) and finished_at is not null;

-- openRunOfLink
select "run_items"."run_id" as "id"
  from "run_items"
  inner join "sync_runs" on "sync_runs"."id" = "run_items"."run_id"
  where "run_items"."link_id" = $1
  and "run_items"."state" in ($2, $3)
  and "sync_runs"."finished_at" is null;

-- openCycleRun
select * from "sync_runs" where "kind" = $1 and "finished_at" is null order by "id" desc limit $2;

-- planItems
insert into run_items (run_id, link_id, chunk, kind)
  select $1, w.id, ((row_number() over (order by w.update_first, w.id) - 1) / $2::int)::int,
  case when w.update_first = 0 then 'update' else 'upload' end
  from (
  select id, case when replica_doc_id is null then 1 else 0 end as update_first from sync_map
  where replica_id = $3 and dirty_seq <> applied_seq and phase <> 'failed'
  and (next_due_at is null or next_due_at <= now())
  and (replica_doc_id is not null
  or not exists (select 1 from match_proposals p where p.link_id = sync_map.id and p.state = 'open'))
  union all
  select id, u from (
  select id, case when replica_doc_id is null then 1 else 0 end as u from sync_map
  where replica_id = $4 and dirty_seq <> applied_seq and phase = 'failed'
  and (next_due_at is null or next_due_at <= now())
  order by failed_at nulls first, id limit 50) as failed) as w
  on conflict do nothing;
select count(*) as "total", max("chunk") as "last" from "run_items" where "run_id" = $1;

-- analyzeWork
analyze run_items, sync_map;

-- openChunk
update "run_items" set "state" = $1 where "run_id" = $2 and "chunk" = $3 and "state" = $4;

-- plannedChunks
select distinct "chunk" from "run_items" where "run_id" = $1 and "state" = $2;

-- settleItem
with settled as (
  update run_items set state = $1 where run_id = $2 and link_id = $3 and state in ('open', 'planned') returning 1)
  update sync_runs set
  docs_synced = docs_synced + case when $4 = 'done' then 1 else 0 end,
  docs_failed = docs_failed + case when $5 = 'failed' then 1 else 0 end,
  docs_held = docs_held + case when $6 = 'held' then 1 else 0 end,
  bytes = bytes + $7::bigint, instance_faults = 0
  where id = $8 and exists (select 1 from settled);

-- hasOpenItems
select exists (select 1 from run_items where run_id = $1 and state in ('open', 'planned')) as open;

-- addBytes
update sync_runs set bytes = bytes + $1::bigint where id = $2;

-- countInstanceFault
update "sync_runs"
  set "instance_faults" = instance_faults + 1
  where "id" = $1
  returning "instance_faults";

-- closeRun
update "sync_runs"
  set "finished_at" = now(), "outcome" = $1, "timed_out" = $2, "error_code" = $3, "error_msg" = $4, "error_side" = $5, "phase" = $6, "lease_worker" = $7, "context" = $8
  where "id" = $9
  and "finished_at" is null
  returning *;

-- noteGoodRun
update "replicas"
  set "last_sync_ts" = $1, "consecutive_failures" = $2, "error_code" = $3, "error_msg" = $4
  where "id" = $5;

-- noteFailedRun
update replicas set consecutive_failures = consecutive_failures + 1, error_code = $1, error_msg = $2,
  suspended_at = case when consecutive_failures + 1 >= $3 then coalesce(suspended_at, now()) else suspended_at end,
  suspended_reason = case when consecutive_failures + 1 >= $4
  then coalesce(suspended_reason, consecutive_failures + 1 || ' failed runs in a row; the last: ' || $5) else suspended_reason end
  where id = $6 returning consecutive_failures = $7 and suspended_at is not null as suspended;

-- suspendReplica
update replicas set suspended_at = coalesce(suspended_at, now()), suspended_reason = $1,
  error_code = $2, error_msg = $3 where id = $4;

-- pruneRunItems
delete
  from run_items i using sync_runs r
  where r.id = i.run_id
  and r.finished_at < now() - interval '7 days';
