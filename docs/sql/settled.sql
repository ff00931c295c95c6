-- shared/db/settled.repo.ts

-- plainUpdates
select s.* from run_items i join sync_map s on s.id = i.link_id
  where i.run_id = $1 and i.kind = 'update' and i.state = 'planned' and i.link_id > $2
  and s.replica_doc_id is not null and s.phase in ('ok', 'claimed', 'pending') and s.lease_worker is null
  and s.plan is null and s.held_plan is null and s.hold_until is null and not s.unconfirmed and not s.locate
  and not s.recheck_file and not s.replacing
  and not exists (select 1 from upload_attempts a where a.link_id = s.id and a.closed_at is null)
  and not exists (select 1 from conflicts c where c.link_id = s.id and c.state in ('open', 'keep_master', 'keep_replica'))
  order by i.link_id limit $3;

-- settleLinks
with held as (
  select id from sync_runs where id = $1 and lease_worker = $2
  and lease_epoch = $3 and finished_at is null
  and exists (select 1 from workers w where w.id = $4 and not w.dead for share)),
  rested as (
  update sync_map s set applied_seq = n.want, status = 'ok', phase = 'ok', master_added = n."masterAdded",
  master_modified = n."masterModified", replica_added = n."replicaAdded", replica_modified = n."replicaModified",
  applied = n.applied, report = n.report, last_synced = now(), error_code = null, error_msg = null,
  retry_count = 0, failed_at = null, next_due_at = null, clean_read_at = null
  from jsonb_to_recordset($5::jsonb) as n (id bigint, want bigint, "masterAdded" text,
  "masterModified" text, "replicaAdded" text, "replicaModified" text, applied jsonb, report jsonb), held
  where s.id = n.id and s.dirty_seq = n.want and s.lease_worker is null and s.plan is null
  returning s.id),
  done as (
  update run_items i set state = 'done' from rested
  where i.run_id = $6 and i.link_id = rested.id and i.state = 'planned' returning 1)
  update sync_runs set docs_synced = docs_synced + (select count(*) from done)
  where id = $7 returning (select count(*)::int from done) as n;
