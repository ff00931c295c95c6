-- shared/db/tombstones.repo.ts

-- deletionCandidates
select s.id as link_id, s.master_doc_id, s.master_added, s.replica_doc_id, s.phase,
  s.unconfirmed, s.replacing, s.error_code, s.kept_at,
  a.state as absence, a.newest, a.trashed_sweeps, a.absent_sweeps, a.last_sweep_run,
  exists (select 1 from master_suspects p where p.kind = 'missing' and p.master_doc_id = s.master_doc_id
  and p.confirmed_at is not null) as confirmed,
  t.id as tombstone_id, t.state as tombstone_state, t.trashed_at, t.trashed_run
  from sync_map s
  join master_absences a on a.master_doc_id = s.master_doc_id
  left join tombstones t on t.id = s.tombstone_id
  where s.replica_id = $1 and s.replica_doc_id is not null and s.excluded_at is null
  and ($2::bigint is null or s.id = $3::bigint)
  order by s.master_doc_id;

-- surplusOf
select "replica_doc_id", "replica_added"
  from "tombstones"
  where "link_id" = $1
  and "reason" = $2
  order by "replica_doc_id";

-- deletionCounts
select (select count(*)::int from sync_map where replica_id = $1 and replica_doc_id is not null) as copies,
  (select count(*)::int from tombstones where replica_id = $2 and planned_at > $3
  and reason in ('trashed_on_master', 'absent_on_master') and state <> 'released') as recent;

-- planTombstones
with made as (
  insert into tombstones (replica_id, link_id, master_doc_id, master_added, replica_doc_id, replica_added, checksum,
  reason, planned_run)
  select s.replica_id, s.id, s.master_doc_id, s.master_added, s.replica_doc_id, s.replica_added, s.stored_checksum,
  p.reason, $1
  from unnest($2::bigint[], $3::text[]) as p (id, reason)
  join sync_map s on s.id = p.id
  where s.replica_id = $4 and s.replica_doc_id is not null and s.tombstone_id is null and s.kept_at is null
  and s.excluded_at is null
  for update of s
  returning id, link_id)
  update sync_map s set tombstone_id = made.id, dirty_seq = nextval('dirty_seq'), next_due_at = null
  from made where s.id = made.link_id returning s.id;

-- confirmPlanned
with due as (
  update tombstones set planned_run = $1
  where id = any($2::bigint[]) and state in ('planned', 'asn_cleared', 'purge_due') returning id)
  update sync_map s set dirty_seq = nextval('dirty_seq') from due
  where s.tombstone_id = due.id and s.dirty_seq = s.applied_seq;

-- markPurgeDue
with due as (
  update tombstones set state = 'purge_due', purge_due_at = now(), planned_run = $1
  where id = any($2::bigint[]) and state = 'trashed' returning id)
  update sync_map s set dirty_seq = nextval('dirty_seq'), next_due_at = null from due where s.tombstone_id = due.id;

-- markGoneDue
update sync_map set dirty_seq = nextval('dirty_seq')
  where id = any($1::bigint[]) and dirty_seq = applied_seq;

-- tombstoneById
select * from "tombstones" where "id" = $1;

-- settleTombstone
begin;
update "sync_map" set "phase" = $1, "lease_epoch" = $2 where id = $3 and lease_epoch = $4 and lease_worker = $5
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $6 and not w.dead for share) returning *;
update "tombstones" set "state" = $1 where "id" = $2;
commit;

-- giveUpCopy
begin;
select * from "sync_map" where "id" = $1;
update "sync_map" set "replica_doc_id" = $1, "replica_added" = $2, "replica_modified" = $3, "tombstone_id" = $4, "kept_at" = $5, "task_id" = $6, "file_checksum" = $7, "file_md5" = $8, "file_size" = $9, "stored_checksum" = $10, "plan" = $11, "applied" = $12, "hold_until" = $13, "clean_read_at" = $14, "held_plan" = $15, "locate" = $16, "version_k" = $17, "recheck_file" = $18, "last_synced" = $19, "lease_epoch" = $20 where id = $21 and lease_epoch = $22 and lease_worker = $23
  and topology_epoch = (select topology_epoch from master_state)
  and exists (select 1 from workers w where w.id = $24 and not w.dead for share) returning *;
insert into "tombstones" ("replica_id", "link_id", "master_doc_id", "master_added", "replica_doc_id", "replica_added", "asn", "checksum", "reason", "state", "detail", "closed_at")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now());
delete from "upload_attempts" where link_id = any($1::bigint[]);
delete from "version_attempts" where link_id = any($1::bigint[]);
delete from "version_links" where link_id = any($1::bigint[]);
delete from "note_links" where link_id = any($1::bigint[]);
commit;

-- forgetCopies
delete from "upload_attempts" where link_id = any($1::bigint[]);
delete from "version_attempts" where link_id = any($1::bigint[]);
delete from "version_links" where link_id = any($1::bigint[]);
delete from "note_links" where link_id = any($1::bigint[]);

-- recordTombstone
insert into "tombstones" ("replica_id", "link_id", "master_doc_id", "replica_doc_id", "replica_added", "asn", "checksum", "reason", "planned_run")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  returning "id";

-- updateTombstone
update "tombstones" set "state" = $1 where "id" = $2;

-- listTombstones
select * from "tombstones" where "replica_id" = $1 order by "id" desc limit $2;
select *
  from "tombstones"
  where "replica_id" = $1
  and "state" in ($2)
  and "id" < $3
  order by "id" desc
  limit $4;

-- askUndo
with asked as (
  update tombstones t set undo_asked_at = coalesce(undo_asked_at, now())
  where t.id = $1 and t.replica_id = $2 and t.state in ('planned', 'asn_cleared', 'trashed', 'purge_due')
  and exists (select 1 from sync_map s where s.tombstone_id = t.id)
  returning t.*),
  due as (update sync_map s set dirty_seq = nextval('dirty_seq'), next_due_at = null from asked where s.tombstone_id = asked.id)
  select * from asked;

-- holdDeletions
update replicas r set deletions_held = $1, deletions_held_count = $2,
  deletions_held_at = coalesce(r.deletions_held_at, now())
  from (select id, deletions_held_at from replicas where id = $3 for update) as was
  where r.id = was.id returning was.deletions_held_at is null as news;

-- acknowledgeDeletions
update "replicas"
  set "deletions_held" = $1, "deletions_held_at" = $2, "deletions_approved" = deletions_held_count, "deletions_acknowledged_at" = now()
  where "id" = $3
  and "deletions_held" is not null
  returning "deletions_approved";
