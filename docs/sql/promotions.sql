-- shared/db/promotions.repo.ts

-- openPromotion
select * from "promotions" where "finished_at" is null;

-- findPromotion
select * from "promotions" where "id" = $1;

-- listPromotions
select * from "promotions" order by "id" desc limit $1;

-- formerMasters
select *
  from "promotions"
  where "switched_at" is not null
  and "readmitted_at" is null
  order by "id" desc;

-- insertPromotion
update "promotions" set "finished_at" = $1, "switched_at" = $2;
insert into "promotions" ("replica_id", "replica_name", "asked_by", "old_master_url", "old_master_token", "new_master_url")
  values ($1, $2, $3, $4, $5, $6)
  returning *;

-- movePromotion
update "promotions" set "finished_at" = $1, "switched_at" = $2;
insert into "promotions" ("replica_id", "replica_name", "asked_by", "old_master_url", "old_master_token", "new_master_url")
  values ($1, $2, $3, $4, $5, $6)
  returning *;
update "promotions"
  set "waits_code" = $1, "waits_for" = $2, "stop_epoch" = $3, "phase" = $4
  where "id" = $5
  and "phase" = $6
  and "finished_at" is null
  returning *;

-- lockPromotion
select * from "promotions" where "id" = $1 for update;

-- notePromotion
update "promotions"
  set "waits_code" = $1, "waits_for" = $2
  where "id" = $3
  and "finished_at" is null;

-- acceptLeftOpen
update promotions set accepted_at = coalesce(accepted_at, now()), accepted_by = coalesce(accepted_by, $1)
  where id = $2 and finished_at is null and switched_at is null returning id;

-- noteReadmitted
update promotions set readmitted_as = $1, readmitted_at = now()
  where id = $2 and readmitted_at is null returning id;

-- raiseTopology
update master_state set topology_epoch = topology_epoch + 1 returning topology_epoch as epoch;

-- topologyNow
select "topology_epoch" from "master_state";

-- noteTopology
update workers set topology_epoch = $1 where id = $2 and topology_epoch < $3;

-- processesBehind
select "id", "role", "version"
  from "workers"
  where "dead" = $1
  and "role" <> $2
  and "topology_epoch" < $3
  order by "started_at";

-- leftOpen
with per as (select r.id as replica_id, r.name as replica,
  (select count(*)::int from upload_attempts a join sync_map s on s.id = a.link_id
  where s.replica_id = r.id and a.closed_at is null) as uploads,
  (select count(*)::int from version_attempts v join sync_map s on s.id = v.link_id
  where s.replica_id = r.id and v.closed_at is null) as versions,
  (select count(*)::int from replacements p where p.replica_id = r.id and p.finished_at is null) as replacements,
  (select count(*)::int from sync_map s where s.replica_id = r.id and s.phase in ('sending', 'unknown', 'awaiting', 'finalising', 'releasing')) as documents,
  (select count(*)::int from sync_map s where s.replica_id = r.id and (s.plan is not null or s.hold_until > now())) as unanswered
  from replicas r)
  select * from per where uploads + versions + replacements + documents + unanswered > 0 order by replica_id;

-- planBegun
insert into run_items (run_id, link_id, chunk, kind)
  select $1, s.id, ((row_number() over (order by s.id) - 1) / $2::int)::int,
  case when s.replica_doc_id is null then 'upload' else 'update' end
  from sync_map s where s.replica_id = $3 and s.excluded_at is null
  and (s.hold_until is null or s.hold_until <= now())
  and (s.phase in ('sending', 'unknown', 'awaiting', 'finalising', 'releasing') or (s.plan is not null or s.hold_until > now()) or s.replacing or s.master_doc_id = any($4::bigint[])
  or exists (select 1 from upload_attempts a where a.link_id = s.id and a.closed_at is null)
  or exists (select 1 from version_attempts v where v.link_id = s.id and v.closed_at is null))
  on conflict do nothing;

-- uploadsOf
select s.id as link_id, s.master_doc_id, s.replica_doc_id, a.file_name, a.sha256, a.md5 from sync_map s
  left join lateral (select * from upload_attempts a where a.link_id = s.id order by a.k desc limit 1) a on true
  where s.replica_id = $1 and s.master_doc_id = any($2::bigint[]);

-- takeArrived
update sync_map s set replica_doc_id = $1, replica_added = $2,
  stored_checksum = $3, status = 'pending', phase = 'pending'
  where s.id = $4 and s.replica_doc_id is null
  and not exists (select 1 from sync_map o where o.replica_id = s.replica_id and o.replica_doc_id = $5)
  returning s.id;

-- partedDocuments
select *
  from "promotion_documents"
  where "promotion_id" = $1
  and "old_doc_id" > $2
  and "kind" = $3
  order by "old_doc_id", "kind"
  limit $4;

-- countParted
select "kind", count(*)::int as "documents"
  from "promotion_documents"
  where "promotion_id" = $1
  group by "kind"
  order by "kind";

-- promotedLinks
select *
  from "promotion_links"
  where "promotion_id" = $1
  and "old_doc_id" > $2
  order by "old_doc_id"
  limit $3;

-- sampleOfFormer
select old_doc_id, old_added from promotion_links
  where promotion_id = $1 order by random() limit $2;
