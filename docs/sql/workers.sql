-- shared/db/workers.repo.ts

-- registerWorker
insert into "workers" ("id", "role", "version")
  values ($1, $2, $3)
  returning clock_timestamp() as "now";

-- beat
update "workers"
  set "beat" = beat + 1, "beat_at" = now()
  where "id" = $1
  and "dead" = $2
  returning clock_timestamp() as "now";

-- livingWorkers
select "id", "beat" from "workers" where "dead" = $1;

-- countProcesses
select "role", count(*)::int as "living"
  from "workers"
  where "dead" = $1
  and "beat_at" > now() - interval '30 seconds'
  group by "role";

-- declareDead
select pg_terminate_backend(session.pid) from workers join pg_stat_activity session
  on (session.pid = workers.lock_pid and session.backend_start = workers.lock_backend_start)
  or (right(session.application_name, 36) = workers.id::text and session.datname = current_database())
  where workers.id = $1 and workers.beat = $2 and session.pid <> pg_backend_pid();
update "workers" set "dead" = $1 where "id" = $2 and "beat" = $3 and "dead" = $4 returning "id";

-- signOff
update "workers" set "dead" = $1 where "id" = $2;

-- noteLockSession
update "workers" set "lock_pid" = $1, "lock_backend_start" = $2 where "id" = $3;

-- noteScratch
update "workers" set "scratch_full_since" = coalesce(scratch_full_since, now()) where "id" = $1;

-- scratchState
select min(scratch_full_since) as full_since, coalesce(bool_and(scratch_full_since is not null), false) as all_full
  from workers where not dead and role <> 'api';

-- pruneWorkers
delete from workers w where w.dead and w.beat_at < now() - interval '7 days'
  and not exists (select 1 from sync_map s where s.lease_worker = w.id);

-- listProcesses
select w.id, w.role, w.version, w.started_at, w.beat_at, w.dead, w.scratch_full_since,
  coalesce((select l.worker_id = w.id from leader l), false) as leads,
  coalesce((select json_agg(d) from (select s.replica_id, s.master_doc_id from sync_map s
  where s.lease_worker = w.id order by s.id limit 20) d), '[]') as documents,
  coalesce((select json_agg(r.id order by r.id) from sync_runs r
  where r.lease_worker = w.id and r.finished_at is null), '[]') as runs,
  coalesce((select json_agg(v.id order by v.id) from verifications v
  where v.lease_worker = w.id and v.finished_at is null), '[]') as verifications
  from workers w where not w.dead or w.beat_at > now() - interval '1 hour'
  order by w.dead, w.started_at desc limit 100;
