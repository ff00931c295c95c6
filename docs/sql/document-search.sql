-- shared/db/document-search.repo.ts

-- searchDocuments
select "s"."id" as "link_id", "s"."replica_id", "replicas"."name" as "replica", "s"."master_doc_id", "s"."replica_doc_id", case when phase = 'excluded' then 'excluded' else status end as "status", "s"."excluded_reason", "s"."phase", "s"."dirty_since" as "waiting_since", "s"."error_code", "s"."error_msg", "s"."retry_count", "s"."last_synced", "s"."next_due_at", "s"."verified_at", "s"."verified_depth", "s"."file_size", "s"."dispatched_at", "s"."dispatch_gen", "s"."lease_worker", s.dirty_seq <> s.applied_seq as "waiting"
  from "sync_map" as "s"
  inner join "replicas" on "replicas"."id" = "s"."replica_id"
  where "s"."replica_id" = any($1::bigint[])
  order by "s"."master_doc_id", "s"."id"
  limit $2;
select "s"."id" as "link_id", "s"."replica_id", "replicas"."name" as "replica", "s"."master_doc_id", "s"."replica_doc_id", case when phase = 'excluded' then 'excluded' else status end as "status", "s"."excluded_reason", "s"."phase", "s"."dirty_since" as "waiting_since", "s"."error_code", "s"."error_msg", "s"."retry_count", "s"."last_synced", "s"."next_due_at", "s"."verified_at", "s"."verified_depth", "s"."file_size", "s"."dispatched_at", "s"."dispatch_gen", "s"."lease_worker", s.dirty_seq <> s.applied_seq as "waiting" from "sync_map" as "s" inner join "replicas" on "replicas"."id" = "s"."replica_id" where "s"."replica_id" = any($1::bigint[]) and "s"."master_doc_id" = $2 and "s"."replica_doc_id" = $3 and exists (select 1 from run_items i join sync_runs r on r.id = i.run_id
  where i.link_id = s.id and (r.id = $4 or r.parent_run_id = $5)) and (status = $6 and phase <> 'excluded') and "s"."phase" in ($7) and "s"."error_code" = $8 and (dirty_seq <> applied_seq and dirty_since is not null) and (dirty_seq <> applied_seq and dirty_since is not null) and "s"."error_code" in ($9, $10, $11, $12, $13, $14) and ("s"."dispatched_at" is not null or "s"."lease_worker" is not null) and (phase <> 'gone' and phase <> 'excluded' and (checksum_at is null or checksum_at < $15)
  and (verified_at is null or verified_at < $16)) and (report @> $17::jsonb and report <> '[]') and (s.master_doc_id, s.id) > ((select master_doc_id from sync_map where id = $18), $19) order by "s"."master_doc_id", "s"."id" limit $20;
