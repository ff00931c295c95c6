-- shared/db/attempts.repo.ts

-- attemptsOf
select * from "upload_attempts" where "link_id" = $1 order by "k";

-- overtakenAttempts
select mine.id, min(other.terminal_at) as at
  from upload_attempts mine
  join sync_map s on s.replica_id = $1 and s.id <> $2
  join upload_attempts other on other.link_id = s.id and other.posted_at > mine.posted_at
  where mine.link_id = $3 and mine.state = 'unknown' and other.terminal_at is not null
  group by mine.id;

-- intendUpload
begin;
update "sync_map" set "phase" = $1, "status" = $2 where id = $3 and lease_epoch = $4 and lease_worker = $5
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $6 and not w.dead for share) returning *;
insert into "upload_attempts" ("marker", "reserved_asn", "sha256", "md5", "size", "file_name", "link_id", "k", "state", "worker", "lease_epoch")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  returning *;
commit;

-- settleAttempt
begin;
update "sync_map" set "phase" = $1, "lease_epoch" = $2 where id = $3 and lease_epoch = $4 and lease_worker = $5
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $6 and not w.dead for share) returning *;
update "upload_attempts" set "state" = $1, "task_id" = $2 where "id" = $3;
commit;

-- claimCopy
begin;
select pg_advisory_xact_lock(7011, hashtext($1));
update "sync_map" set "replica_doc_id" = $1, "replica_added" = $2, "stored_checksum" = $3, "applied" = $4, "phase" = $5 where id = $6 and lease_epoch = $7 and lease_worker = $8
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $9 and not w.dead for share) returning *;
commit;

-- releaseLostCopy
begin;
update "sync_map" set "replica_doc_id" = $1, "replica_added" = $2, "stored_checksum" = $3, "applied" = $4, "last_synced" = $5, "status" = $6, "phase" = $7 where id = $8 and lease_epoch = $9 and lease_worker = $10
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $11 and not w.dead for share) returning *;
update upload_attempts set state = 'failure', failure_code = 'copy_lost',
  terminal_at = coalesce(terminal_at, now()), closed_at = coalesce(closed_at, now())
  where link_id = $1 and success_doc_id = $2;
commit;

-- outstandingUploads
select count(*) as "n" from "sync_map" where "replica_id" = $1 and "phase" in ($2, $3, $4);
