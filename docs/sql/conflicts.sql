-- shared/db/conflicts.repo.ts

-- saveConflict
insert into conflicts as c (replica_id, link_id, master_doc_id, replica_doc_id, field, base_hash, replica_hash, master_hash, shown)
  values ($1, $2, $3, $4, $5,
  $6, $7, $8, $9::jsonb)
  on conflict (link_id, field) where state in ('open', 'keep_master', 'keep_replica') do update set
  replica_doc_id = excluded.replica_doc_id, replica_hash = excluded.replica_hash, master_hash = excluded.master_hash,
  shown = excluded.shown,
  state = case when c.state = 'keep_replica' and (c.replica_hash is distinct from excluded.replica_hash
  or c.master_hash is distinct from excluded.master_hash) then 'open' else c.state end
  returning c.*;

-- undecidedOf
select * from "conflicts" where "link_id" = $1 and "state" in ($2, $3, $4) order by "id";

-- keptConflicts
select "link_id", "field", "replica_hash", "master_hash"
  from "conflicts"
  where "link_id" in ($1)
  and "state" = $2;

-- closeConflicts
update conflicts set state = $1, decided_at = now()
  where link_id = $2 and state in ('open', 'keep_master', 'keep_replica')
  and not (field = any($3::text[]));

-- listConflicts
select *
  from "conflicts"
  where "replica_id" = $1
  and "state" = $2
  and "master_doc_id" = $3
  and "id" < $4
  order by "id" desc
  limit $5;

-- decideConflict
begin;
update conflicts set state = $1, decided_at = now()
  where id = $2 and state in ('open', 'keep_master', 'keep_replica') returning *;
update sync_map set dirty_seq = nextval('dirty_seq'), next_due_at = null where id = $1;
commit;

-- findConflict
select * from "conflicts" where "id" = $1;

-- keepMasterIn
insert into conflicts as c (replica_id, link_id, master_doc_id, replica_doc_id, field, replica_hash, master_hash, shown,
  state, decided_at)
  values ($1, $2, $3, $4, $5, $6,
  $7, $8::jsonb, 'keep_master', now())
  on conflict (link_id, field) where state in ('open', 'keep_master', 'keep_replica') do update set
  state = 'keep_master', decided_at = now();

-- countOpenConflicts
select replica_id, count(*)::int as open from conflicts where state = 'open' group by replica_id;
