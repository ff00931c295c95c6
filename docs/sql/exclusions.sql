-- shared/db/exclusions.repo.ts

-- exclusionOf
select "id", "phase", "excluded_at", "excluded_reason", "excluded_by"
  from "sync_map"
  where "replica_id" = $1
  and "master_doc_id" = $2;

-- lockExclusion
select "id", "phase", "excluded_at", "excluded_reason", "excluded_by"
  from "sync_map"
  where "replica_id" = $1
  and "master_doc_id" = $2 for update;

-- excludeLink
update sync_map set excluded_at = now(), excluded_reason = $1, excluded_by = $2,
  dirty_seq = nextval('dirty_seq') where id = $3;
update findings set state = 'accepted', reason = $1
  where link_id = $2 and state in ('open', 'repairing');
update conflicts set state = 'gone', decided_at = now()
  where link_id = $1 and state = 'open';

-- includeLink
update sync_map set excluded_at = null, excluded_reason = null, excluded_by = null, dirty_seq = nextval('dirty_seq'), status = 'pending', phase = 'pending', retry_count = 0, crash_count = 0,
  next_due_at = null, failed_at = null
  where id = $1;
update findings set state = 'open', reason = null
  where link_id = $1 and state = 'accepted' and reason = $2;
select replica_id, master_doc_id from sync_map where id = $1;
update sync_map set dirty_seq = nextval('dirty_seq')
  where replica_id = $1 and report <> '[]' and report::text like $2
  and dirty_seq = applied_seq;
