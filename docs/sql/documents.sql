-- shared/db/documents.repo.ts

-- listDocuments
select "master_doc_id", "replica_doc_id", case when phase = 'excluded' then 'excluded' else status end as "status", "phase", "error_code", "error_msg", "retry_count", "excluded_at", "excluded_reason", "excluded_by", "failed_at", "last_synced", "next_due_at", "verified_at", "verified_depth", "file_checksum", "file_size", "report", "dirty_since" as "waiting_since", dirty_seq <> applied_seq as "waiting"
  from "sync_map"
  where "replica_id" = $1
  order by "master_doc_id"
  limit $2;
select "master_doc_id", "replica_doc_id", case when phase = 'excluded' then 'excluded' else status end as "status", "phase", "error_code", "error_msg", "retry_count", "excluded_at", "excluded_reason", "excluded_by", "failed_at", "last_synced", "next_due_at", "verified_at", "verified_depth", "file_checksum", "file_size", "report", "dirty_since" as "waiting_since", dirty_seq <> applied_seq as "waiting" from "sync_map" where "replica_id" = $1 and (status = $2 and phase <> 'excluded') and "phase" = $3 and "error_code" = $4 and (dirty_seq <> applied_seq and dirty_since is not null) and (dirty_seq <> applied_seq and dirty_since is not null) and "error_code" in ($5, $6, $7, $8, $9, $10) and (phase <> 'gone' and phase <> 'excluded' and (checksum_at is null or checksum_at < $11)
  and (verified_at is null or verified_at < $12)) and (report @> $13::jsonb and report <> '[]') and "master_doc_id" > $14 order by "master_doc_id" limit $15;

-- documentOnReplicas
select "sync_map"."id" as "link_id", "sync_map"."replica_id", "replicas"."name" as "replica", "master_doc_id", "replica_doc_id", case when phase = 'excluded' then 'excluded' else status end as "status", "phase", "sync_map"."error_code", "sync_map"."error_msg", "excluded_at", "excluded_reason", "excluded_by", "retry_count", "crash_count", "failed_at", "last_synced", "next_due_at", "hold_until", "verified_at", "verified_depth", "file_checksum", "file_size", "stored_checksum", "report", "master_modified", "replica_modified", "dirty_since" as "waiting_since", dirty_seq <> applied_seq as "waiting"
  from "sync_map"
  inner join "replicas" on "replicas"."id" = "sync_map"."replica_id"
  where "master_doc_id" = $1
  order by "replicas"."name";

-- uploadsOf
select "link_id", "k", "state", "posted_at", "terminal_at", "closed_at", "task_id", "failure_code", "file_name", "size"
  from "upload_attempts"
  where "link_id" in ($1)
  order by "link_id", "k";

-- findingsOfLinks
select * from "findings" where "link_id" in ($1) order by "id" desc;

-- tombstonesOf
select * from "tombstones" where "master_doc_id" = $1 order by "id" desc;
