-- shared/db/versions.repo.ts

-- versionAttemptsOf
select * from "version_attempts" where "link_id" = $1 order by "k";

-- versionLinksOf
select * from "version_links" where "link_id" in ($1) order by "id";

-- intendVersion
begin;
update "sync_map" set "phase" = $1, "status" = $2, "version_k" = $3 where id = $4 and lease_epoch = $5 and lease_worker = $6
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $7 and not w.dead for share) returning *;
insert into "version_attempts" ("master_version_id", "label", "sha256", "md5", "size", "file_name", "link_id", "k", "state", "worker", "lease_epoch")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  returning *;
commit;

-- settleVersion
begin;
update "sync_map" set "lease_epoch" = $1 where id = $2 and lease_epoch = $3 and lease_worker = $4
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $5 and not w.dead for share) returning *;
update "version_attempts" set "state" = $1, "task_id" = $2 where "id" = $3;
commit;

-- linkVersion
begin;
update "sync_map" set "lease_epoch" = $1 where id = $2 and lease_epoch = $3 and lease_worker = $4
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $5 and not w.dead for share) returning *;
update "version_links"
  set "state" = $1
  where "link_id" = $2
  and "master_version_id" = $3
  and "state" = $4;
insert into "version_links" ("master_version_id", "replica_version_id", "sha256", "md5", "stored_checksum", "link_id", "state")
  values ($1, $2, $3, $4, $5, $6, $7)
  on conflict ("link_id", "replica_version_id") do update
  set "master_version_id" = $8, "replica_version_id" = $9, "sha256" = $10, "md5" = $11, "stored_checksum" = $12, "link_id" = $13, "state" = $14;
commit;

-- unlinkVersion
begin;
update "sync_map" set "lease_epoch" = $1 where id = $2 and lease_epoch = $3 and lease_worker = $4
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $5 and not w.dead for share) returning *;
update "version_links" set "state" = $1 where "link_id" = $2 and "replica_version_id" = $3;
commit;
delete from "version_links" where "link_id" = $1 and "replica_version_id" = $2;

-- forgetVersions
begin;
update "sync_map" set "phase" = $1, "status" = $2, "version_k" = $3 where id = $4 and lease_epoch = $5 and lease_worker = $6
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $7 and not w.dead for share) returning *;
insert into "version_attempts" ("master_version_id", "label", "sha256", "md5", "size", "file_name", "link_id", "k", "state", "worker", "lease_epoch")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  returning *;
commit;
update "sync_map" set "lease_epoch" = $1 where id = $2 and lease_epoch = $3 and lease_worker = $4
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $5 and not w.dead for share) returning *;
delete from "version_links" where "link_id" = $1;
update "version_attempts"
  set "state" = $1, "failure_code" = $2, "closed_at" = now()
  where "link_id" = $3
  and "state" <> $4;
