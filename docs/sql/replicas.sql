-- shared/db/replicas.repo.ts

-- listReplicas
select * from "replicas" order by "name";

-- findReplica
select * from "replicas" where "id" = $1;

-- findReplicaByName
select * from "replicas" where "name" = $1;

-- insertReplica
insert into "replicas" ("name", "url", "api_token")
  values ($1, $2, $3)
  on conflict ("name") do nothing
  returning *;

-- updateReplica
update "replicas" set "enabled" = $1 where "id" = $2 returning *;

-- markLinksUnconfirmed
update "sync_map" set "unconfirmed" = $1 where "replica_id" = $2 and "replica_doc_id" is not null;

-- forgetLibraryProofs
update "replicas" set "library_proven" = $1;

-- unsuspendReplica
update "replicas"
  set "suspended_at" = $1, "suspended_reason" = $2, "paused_at" = $3, "pause_reason" = $4, "consecutive_failures" = $5, "enabled" = $6
  where "id" = $7
  returning *;

-- acknowledgeUploads
update "replicas"
  set "uploads_held" = $1, "altered_acknowledged" = altered_acknowledged or uploads_held is not null
  where "id" = $2
  returning *;

-- deleteReplica
delete from "replicas" where "id" = $1;
