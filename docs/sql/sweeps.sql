-- shared/db/sweeps.repo.ts

-- beginSweep
update replicas set sweep_position = coalesce(sweep_position, 0),
  sweep_started_at = case when sweep_position is null then now() else sweep_started_at end
  where id = $1 and exists (select 1 from sync_runs r
  where r.id = $2 and r.lease_epoch = $3 and r.lease_worker = $4 and r.finished_at is null);

-- saveSweepPosition
update replicas set sweep_position = $1
  where id = $2 and exists (select 1 from sync_runs r
  where r.id = $3 and r.lease_epoch = $4 and r.lease_worker = $5 and r.finished_at is null);

-- endSweep
update replicas set sweep_position = null, last_sweep_at = sweep_started_at
  where id = $1 and exists (select 1 from sync_runs r
  where r.id = $2 and r.lease_epoch = $3 and r.lease_worker = $4 and r.finished_at is null);

-- nextToSweep
select *
  from "sync_map"
  where "replica_id" = $1
  and "master_doc_id" > $2
  and "replica_doc_id" is not null
  and "excluded_at" is null
  order by "master_doc_id"
  limit $3;

-- markSwept
with seen as (
  select s.id, n.hash, n.differs and s.dirty_seq = s.applied_seq and s.lease_worker is null
  and (s.phase = 'ok' or s.phase <> 'gone' and s.master_hash is not null and n.hash <> s.master_hash) as due
  from unnest($1::bigint[], $2::boolean[],
  $3::text[]) as n (id, differs, hash)
  join sync_map s on s.id = n.id and s.replica_id = $4
  for update of s)
  update sync_map s set dirty_seq = case when seen.due then nextval('dirty_seq') else s.dirty_seq end,
  master_hash = coalesce(seen.hash, s.master_hash)
  from seen where s.id = seen.id and (seen.due or s.master_hash is distinct from coalesce(seen.hash, s.master_hash))
  returning seen.due as dirty;

-- markVanished
update sync_map s set dirty_seq = nextval('dirty_seq')
  where s.replica_id = $1 and s.replica_doc_id is not null and s.phase = 'ok' and s.dirty_seq = s.applied_seq
  and not exists (select 1 from unnest($2::bigint[]) as c (id) where c.id = s.replica_doc_id);
