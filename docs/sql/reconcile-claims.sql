-- shared/db/reconcile-claims.repo.ts

-- releaseChanged
with released as (
  update sync_map s set former_doc_id = s.replica_doc_id, former_added = s.replica_added,
  replica_doc_id = null, replica_added = null, replica_modified = null, applied = null, last_synced = null, plan = null,
  unconfirmed = false, locate = true, status = 'pending', phase = 'pending', error_code = null, error_msg = null,
  retry_count = 0, failed_at = null, next_due_at = null, dirty_seq = nextval('dirty_seq')
  from reconcile_rows m
  where m.scan_id = $1 and m.side = 'master' and m.link_id = s.id and s.replica_doc_id is not null and m.matched_to is distinct from s.replica_doc_id
  and m.rule is distinct from 'in_flight'
  and (m.matched_to is not null
  or exists (select 1 from reconcile_rows r where r.scan_id = m.scan_id and r.side = 'replica'
  and r.doc_id = s.replica_doc_id and not ("r"."added"::timestamptz = "s"."replica_added"::timestamptz
  or "r"."added"::timestamptz = date_trunc('milliseconds', "s"."replica_added"::timestamptz)))
  or (s.master_added is not null and not ("m"."added"::timestamptz = "s"."master_added"::timestamptz
  or "m"."added"::timestamptz = date_trunc('milliseconds', "s"."master_added"::timestamptz))))
  and (s.lease_worker is null
  or exists (select 1 from workers w where w.id = s.lease_worker and w.dead)) and exists (select 1 from sync_runs run where run.id = $2 and run.finished_at is null
  and run.lease_worker = $3 and run.lease_epoch = $4)
  and exists (select 1 from workers w where w.id = $5 and not w.dead for share)
  returning s.id, s.former_doc_id),
  -- Nobody asks the uploads of the former copy for their document again, nor takes its notes and versions for those of another.
  attempts as (update upload_attempts a set state = 'failure', failure_code = 'copy_lost',
  terminal_at = coalesce(a.terminal_at, now()), closed_at = coalesce(a.closed_at, now())
  from released where a.link_id = released.id and a.success_doc_id = released.former_doc_id),
  notes as (delete from note_links n using released where n.link_id = released.id),
  versions as (delete from version_links v using released where v.link_id = released.id)
  select count(*)::int as n from released;

-- countChanged
select count(*)::int as n from reconcile_rows m join sync_map s
  on s.id = m.link_id where m.scan_id = $1 and m.side = 'master' and s.replica_doc_id is not null and m.matched_to is distinct from s.replica_doc_id
  and m.rule is distinct from 'in_flight'
  and (m.matched_to is not null
  or exists (select 1 from reconcile_rows r where r.scan_id = m.scan_id and r.side = 'replica'
  and r.doc_id = s.replica_doc_id and not ("r"."added"::timestamptz = "s"."replica_added"::timestamptz
  or "r"."added"::timestamptz = date_trunc('milliseconds', "s"."replica_added"::timestamptz)))
  or (s.master_added is not null and not ("m"."added"::timestamptz = "s"."master_added"::timestamptz
  or "m"."added"::timestamptz = date_trunc('milliseconds', "s"."master_added"::timestamptz))));

-- claimMatched
begin;
with t as (select m.doc_id, m.link_id, m.matched_to, m.rule, m.added as master_added, m.sha256, m.md5,
  m.newest_hex, r.added as copy_added, r.root_hex, r.newest_hex as copy_hex
  from reconcile_rows m join reconcile_rows r
  on r.scan_id = m.scan_id and r.side = 'replica' and r.doc_id = m.matched_to
  where m.scan_id = $1 and m.side = 'master' and m.rule <> 'kept' and m.doc_id > $2
  order by m.doc_id limit $3),
  done as (update sync_map s set replica_doc_id = t.matched_to, replica_added = t.copy_added,
  stored_checksum = case when t.rule = 'identity' then s.stored_checksum else t.root_hex end,
  master_added = t.master_added, former_doc_id = null, former_added = null,
  file_checksum = case when t.rule = 'identity' then s.file_checksum else coalesce(case when t.rule = 'root' then null else "t"."sha256" end, case when length(case when t.rule = 'root' then t.copy_hex else t.newest_hex end) = $4 then case when t.rule = 'root' then t.copy_hex else t.newest_hex end end) end,
  file_md5 = case when t.rule = 'identity' then s.file_md5 else coalesce(case when t.rule = 'root' then null else "t"."md5" end, case when length(case when t.rule = 'root' then t.copy_hex else t.newest_hex end) = $5 then case when t.rule = 'root' then t.copy_hex else t.newest_hex end end) end,
  file_size = case when t.rule = 'identity' then s.file_size end,
  unconfirmed = false, locate = false, task_id = null, status = 'pending', phase = 'claimed', error_code = null,
  error_msg = null, retry_count = 0, failed_at = null, next_due_at = null, dirty_seq = nextval('dirty_seq')
  from t where s.id = t.link_id and s.replica_id = $6
  and (s.replica_doc_id is null or s.replica_doc_id = t.matched_to) and (s.lease_worker is null
  or exists (select 1 from workers w where w.id = s.lease_worker and w.dead)) and exists (select 1 from sync_runs run where run.id = $7 and run.finished_at is null
  and run.lease_worker = $8 and run.lease_epoch = $9)
  and exists (select 1 from workers w where w.id = $10 and not w.dead for share)
  and not exists (select 1 from sync_map o
  where o.replica_id = s.replica_id and o.replica_doc_id = t.matched_to and o.id <> s.id)
  returning s.id),
  items as (insert into run_items (run_id, link_id, chunk, kind)
  select $11, t.link_id, (((select count(*) from run_items i where i.run_id = $12)
  + row_number() over (order by t.link_id) - 1) / $13::int)::int, 'update'
  from t join done on done.id = t.link_id where t.rule not in ('root', 'identity') on conflict do nothing)
  select max(t.doc_id) as last, count(*)::int as matched, (select count(*)::int from done) as claimed from t;
commit;

-- dirtyVanished
update sync_map s set dirty_seq = nextval('dirty_seq') from reconcile_rows m
  where m.scan_id = $1 and m.side = 'master' and m.link_id = s.id and m.rule is null
  and s.replica_doc_id is not null and s.dirty_seq = s.applied_seq
  and not exists (select 1 from reconcile_rows r
  where r.scan_id = m.scan_id and r.side = 'replica' and r.doc_id = s.replica_doc_id);

-- countItems
select count(*)::int as total, coalesce(max(chunk) + 1, 0)::int as chunks
  from run_items
  where run_id = $1;

-- noteReconciled
update replicas set reconciled_at = now(), unconfirmed = false, known_marks = $1,
  reconcile_required = case when $2 then null else reconcile_required end,
  high_water_id = $3, high_water_added = $4
  where id = $5;

-- requireReconcile
update replicas set reconcile_required = coalesce(reconcile_required, $1) where id = $2;
