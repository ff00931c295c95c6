-- shared/db/retry.repo.ts

-- retryDocument
update sync_map set dirty_seq = nextval('dirty_seq'), status = 'pending', phase = 'pending', retry_count = 0, crash_count = 0,
  next_due_at = null, failed_at = null
  where replica_id = $1 and master_doc_id = $2 and excluded_at is null returning id;

-- replaceFileAgain
update sync_map s set dirty_seq = nextval('dirty_seq'), status = 'pending', phase = 'pending', retry_count = 0, crash_count = 0,
  next_due_at = null, failed_at = null, recheck_file = true
  where s.replica_id = $1 and s.master_doc_id = $2 and s.excluded_at is null and exists (
  select 1 from findings f where f.link_id = s.id and f.kind = 'file_differs' and f.state in ('open', 'repairing'))
  returning s.id;

-- repairAtOnce
with asked as (
  update findings set state = 'repairing', round = round + 1, reason = null, repaired_at = null,
  repair_after_run = (select coalesce(max(r.id), 0) from sync_runs r)
  where id = $1 and state in ('open', 'repairing') and link_id is not null
  returning link_id)
  update sync_map s set dirty_seq = nextval('dirty_seq'), status = 'pending', phase = 'pending', retry_count = 0, crash_count = 0,
  next_due_at = null, failed_at = null, recheck_file = true from asked where s.id = asked.link_id
  returning s.id;

-- retryFailed
with again as (
  update sync_map set dirty_seq = nextval('dirty_seq'), status = 'pending', phase = 'pending', retry_count = 0, crash_count = 0,
  next_due_at = null, failed_at = null
  where status = 'error' and phase in ('failed', 'dlq') and ($1::bigint is null or replica_id = $2::bigint)
  returning replica_id)
  select replica_id, count(*)::int as documents from again group by replica_id order by replica_id;

-- retryRestored
update sync_map s set dirty_seq = nextval('dirty_seq'), status = 'pending', phase = 'pending', retry_count = 0, crash_count = 0,
  next_due_at = null, failed_at = null
  where s.replica_id = $1 and s.status = 'error' and s.phase = 'blocked'
  and s.error_code = 'trashed_by_replica'
  and (s.replica_doc_id = any($2::bigint[]) or exists (
  select 1 from upload_attempts a where a.link_id = s.id and a.success_doc_id = any($3::bigint[])));

-- retryBlocked
update sync_map set dirty_seq = nextval('dirty_seq'), status = 'pending', phase = 'pending', retry_count = 0, crash_count = 0,
  next_due_at = null, failed_at = null
  where replica_id = $1 and status = 'error' and phase = 'blocked' and error_code = any($2::text[]);

-- revisitReported
update sync_map set dirty_seq = nextval('dirty_seq')
  where replica_id = $1 and report @> $2::jsonb;
