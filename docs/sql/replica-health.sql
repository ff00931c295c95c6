-- shared/db/replica-health.repo.ts

-- measureLag
select s.replica_id, count(*)::int as documents,
  min(case when s.feed_modified is distinct from s.master_modified
  then least(s.dirty_since, greatest(s.feed_modified::timestamptz, r.created_at))
  else s.dirty_since end)
  filter (where coalesce(s.error_code, '') <> all ($1::text[])) as oldest_change,
  (count(*) filter (where s.error_code = any ($2::text[])))::int as held
  from sync_map s join replicas r on r.id = s.replica_id
  where s.dirty_seq <> s.applied_seq and s.dirty_since is not null
  group by s.replica_id order by s.replica_id;
