-- shared/db/backups.repo.ts

-- noteBackup
insert into "backups" ("state", "digest") values ($1, $2);

-- lastBackup
select * from "backups" where "state" = $1 order by "id" desc limit $2;

-- backupDue
select exists (select from sync_runs where kind = 'cycle' and outcome in ('ok', 'partial')
  and finished_at > coalesce((select max(made_at) from backups where state <> 'failed'), '-infinity'))
  and not exists (select from backups where state <> 'failed' and made_at > now() - make_interval(secs => $1))
  and not exists (select from backups where made_at > now() - make_interval(secs => $2)) as due;

-- pruneBackups
delete from backups where made_at < now() - interval '30 days'
  and id <> (select coalesce(max(id), 0) from backups where state = 'made');

-- markRestored
update replicas set reconcile_required = $1, sweep_started_at = null, sweep_position = null,
  last_sweep_at = null, consecutive_failures = 0;
update master_state set next_cycle_at = now(), last_sweep_at = null;
delete from "master_absences";
update master_state set deletions_from_sweep = sweep_count + 2;
update leader set worker_id = null, epoch = epoch + 1;
update sync_map set lease_worker = null, lease_epoch = lease_epoch + 1, dispatched_at = null,
  dispatch_gen = dispatch_gen + $1, next_due_at = null;
update verifications set lease_worker = null, dispatched_at = null where finished_at is null;
update sync_map s set dirty_seq = nextval('dirty_seq'),
  applied = case when r.conflict_policy = 'person' then s.applied end
  from replicas r where r.id = s.replica_id and s.status = 'ok' and s.phase <> 'gone';

-- releaseRestored
update leader set worker_id = null, epoch = epoch + 1;
update sync_map set lease_worker = null, lease_epoch = lease_epoch + 1, dispatched_at = null,
  dispatch_gen = dispatch_gen + $1, next_due_at = null;
update verifications set lease_worker = null, dispatched_at = null where finished_at is null;
