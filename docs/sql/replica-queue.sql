-- shared/db/replica-queue.repo.ts

-- pacedReplica
select r.library_proven, r.quiet_hours, r.queue_oldest_at,
  case when r.queue_asked_at > now() - make_interval(secs => $1::float8) then r.queue_foreign end as queue_foreign,
  coalesce(r.queue_asked_at < now() - make_interval(secs => $2::float8), true) as queue_due,
  (select nullif(p.refused_until, '-infinity') from request_pace p where p.target = r.id) as refused_until
  from replicas r where r.id = $3;

-- claimQueueLook
update replicas set queue_asked_at = now(),
  queue_foreign = case when queue_asked_at > now() - make_interval(secs => $1::float8) then queue_foreign end
  where id = $2 and (queue_asked_at is null or queue_asked_at < now() - make_interval(secs => $3::float8))
  returning id;

-- noteQueue
update "replicas"
  set "queue_foreign" = $1, "queue_oldest_at" = $2, "queue_asked_at" = now()
  where "id" = $3;

-- wakeRested
update sync_map set dispatched_at = null
  where replica_id = $1 and dispatched_at > now() and lease_worker is null;
update sync_runs set dispatched_at = null
  where finished_at is null and dispatched_at > now() and lease_worker is null
  and (replica_id = $1 or id in (select parent_run_id from sync_runs where replica_id = $2 and finished_at is null));

-- askedByHand
update sync_runs
  set triggered_by = $1
  where replica_id = $2
  and finished_at is null
  and triggered_by <> 'webhook';
update sync_map set dispatched_at = null
  where replica_id = $1 and dispatched_at > now() and lease_worker is null;
update sync_runs set dispatched_at = null
  where finished_at is null and dispatched_at > now() and lease_worker is null
  and (replica_id = $1 or id in (select parent_run_id from sync_runs where replica_id = $2 and finished_at is null));

-- ownTasks
select lower(task_id) as "taskId", bool_or(state = 'awaiting') as waiting from (
  select task_id, state::text from upload_attempts where task_id = any($1::text[])
  union all select task_id, state::text from version_attempts where task_id = any($2::text[])) own
  group by 1;

-- uploadsWait
select exists (select 1 from run_items i join sync_map s on s.id = i.link_id
  where i.run_id = $1 and i.state = 'open' and i.kind = 'upload'
  and s.phase not in ('sending', 'unknown', 'awaiting', 'claimed', 'finalising', 'releasing', 'linking')) as wait;
