-- shared/db/replacements.repo.ts

-- openReplacement
select * from "replacements" where "link_id" = $1 and "finished_at" is null;

-- beginReplacement
begin;
update "sync_map" set "replacing" = $1, "status" = $2, "phase" = $3 where id = $4 and lease_epoch = $5 and lease_worker = $6
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $7 and not w.dead for share) returning *;
insert into "replacements" ("from_k", "old_doc_id", "old_added", "old_checksum", "link_id", "replica_id")
  values ($1, $2, $3, $4, $5, $6)
  returning *;
commit;

-- stepReplacement
begin;
update "sync_map" set "replacing" = $1, "status" = $2, "phase" = $3 where id = $4 and lease_epoch = $5 and lease_worker = $6
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $7 and not w.dead for share) returning *;
insert into "replacements" ("from_k", "old_doc_id", "old_added", "old_checksum", "link_id", "replica_id")
  values ($1, $2, $3, $4, $5, $6)
  returning *;
commit;
update "sync_map" set "phase" = $1, "lease_epoch" = $2 where id = $3 and lease_epoch = $4 and lease_worker = $5
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $6 and not w.dead for share) returning *;
select exists (select 1 from sync_map
  where replica_id = $1 and replica_doc_id = $2 and id <> $3) as owned;
update "replacements" set "step" = $1, "new_doc_id" = $2 where "id" = $3 returning *;

-- retiredCopy
select *
  from "replacements"
  where "replica_id" = $1
  and "old_doc_id" = $2
  and "step" = $3
  order by "id" desc;
