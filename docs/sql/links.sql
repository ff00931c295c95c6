-- shared/db/links.repo.ts

-- takeLease
update sync_map set lease_worker = $1, lease_epoch = lease_epoch + 1, crash_count = crash_count + 1, dispatched_by = $2,
  topology_epoch = (select topology_epoch from master_state)
  where id = $3
  and ($4::bigint is null or dispatch_gen <= $5::bigint)
  and (lease_worker is null or exists (select 1 from workers w where w.id = sync_map.lease_worker and w.dead))
  and (crash_count < $6 or $7::bigint is null
  or not exists (select 1 from workers w where w.id = sync_map.dispatched_by and w.dead))
  and exists (select 1 from workers w where w.id = $8 and not w.dead for share)
  returning *;

-- updateLeased
update "sync_map" set "phase" = $1 where id = $2 and lease_epoch = $3 and lease_worker = $4
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $5 and not w.dead for share) returning *;

-- releaseLease
update "sync_map" set "dispatched_at" = $1, "next_due_at" = $2, "lease_worker" = $3, "crash_count" = $4 where id = $5 and lease_epoch = $6 and lease_worker = $7
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $8 and not w.dead for share) returning "id";

-- rest
update "sync_map" set "dispatched_at" = $1, "lease_worker" = $2, "crash_count" = $3 where id = $4 and lease_epoch = $5 and lease_worker = $6
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $7 and not w.dead for share) returning "id";

-- applyAndRelease
update "sync_map" set "dispatched_at" = $1, "last_synced" = $2, "applied_seq" = $3, "status" = case when dirty_seq = $4 then $5 else 'pending' end, "phase" = case when dirty_seq = $6 or $7 <> 'ok' then $8 else 'pending' end, "lease_worker" = $9, "crash_count" = $10 where id = $11 and lease_epoch = $12 and lease_worker = $13
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $14 and not w.dead for share) returning "id";

-- releaseAllOf
update sync_map set lease_worker = null, crash_count = 0, dispatched_at = null
  where lease_worker = $1;

-- releaseForgotten
select "id", "lease_epoch" from "sync_map" where "lease_worker" = $1;
update "sync_map"
  set "lease_worker" = $1, "dispatched_at" = $2
  where "id" = $3
  and "lease_worker" = $4
  and "lease_epoch" = $5;

-- linkById
select * from "sync_map" where "id" = $1;

-- addMissingLinks
with new as (
  insert into sync_map (replica_id, master_doc_id)
  select r.id, m.id from replicas r cross join unnest($1::bigint[]) as m (id)
  where not exists (select 1 from sync_map s where s.replica_id = r.id and s.master_doc_id = m.id)
  order by m.id on conflict do nothing returning 1)
  select count(*)::int as n from new;

-- markDirty
update sync_map s set dirty_seq = nextval('dirty_seq'), feed_modified = f.modified
  from unnest($1::bigint[], $2::text[]) as f (id, modified)
  where s.master_doc_id = f.id
  and s.feed_modified is distinct from f.modified and s.master_modified is distinct from f.modified;

-- markDirtyByReplicaDoc
update sync_map set dirty_seq = nextval('dirty_seq')
  where replica_id = $1 and replica_doc_id = any($2::bigint[]) returning id;

-- copiesOf
select "id", "master_doc_id", "replica_doc_id", excluded_at is not null as "excluded"
  from "sync_map"
  where "replica_id" = $1
  and "master_doc_id" in ($2, $3)
  and "replica_doc_id" is not null;

-- excludedAmong
select master_doc_id as id from sync_map
  where replica_id = $1 and master_doc_id = any($2::bigint[]) and excluded_at is not null
  order by master_doc_id;

-- ownersOf
select id, master_doc_id, replica_doc_id, excluded_at is not null as excluded from sync_map
  where replica_id = $1 and replica_doc_id = any($2::bigint[])
  union
  select s.id, s.master_doc_id, ends.doc_id, s.excluded_at is not null from replacements r join sync_map s on s.id = r.link_id
  cross join lateral (values (r.old_doc_id), (r.new_doc_id)) as ends (doc_id)
  where r.replica_id = $3 and r.finished_at is null and ends.doc_id = any($4::bigint[]);

-- censusAgainstLinks
select
  (select count(*)::int from unnest($1::bigint[]) as c (id)
  where not exists (select 1 from sync_map s where s.replica_id = $2 and s.replica_doc_id = c.id)) as foreign_count,
  (select count(*)::int from sync_map s where s.replica_id = $3 and s.replica_doc_id is not null
  and s.tombstone_id is null and s.excluded_at is null
  and not exists (select 1 from unnest($4::bigint[]) as c (id) where c.id = s.replica_doc_id)) as missing,
  (select count(*)::int from sync_map s where s.replica_id = $5 and s.replica_doc_id is not null) as linked;

-- unconfirmedLinks
select *
  from "sync_map"
  where "replica_id" = $1
  and "unconfirmed" = $2
  and "replica_doc_id" is not null
  order by "id"
  limit $3;

-- sampleOfMaster
select master_doc_id, master_added from (
  select distinct on (master_doc_id) master_doc_id, master_added from sync_map
  where master_added is not null and phase <> 'gone' order by master_doc_id) as known
  order by random() limit $1;
