-- shared/db/absences.repo.ts

-- missingFromCensus
select s.master_doc_id as id, max(s.master_added) as added,
  (array_agg(coalesce(s.feed_modified, s.master_modified) order by s.id))[1] as modified,
  bool_and(s.phase = 'gone') or coalesce(bool_or(a.seen_in_trash or a.absent_sweeps >= 2), false)
  or bool_or(p.confirmed_at is not null) as explained,
  bool_or(a.master_doc_id is not null) as noted
  from sync_map s
  left join master_absences a on a.master_doc_id = s.master_doc_id
  left join master_suspects p on p.kind = 'missing' and p.master_doc_id = s.master_doc_id
  where not exists (select 1 from unnest($1::bigint[]) as c (id) where c.id = s.master_doc_id)
  group by s.master_doc_id order by s.master_doc_id;

-- countKnownDocuments
select count(distinct master_doc_id)::int as n from sync_map;

-- unknownUpTo
select c.id from unnest($1::bigint[]) as c (id)
  where c.id <= $2 and not exists (select 1 from sync_map s where s.master_doc_id = c.id) order by c.id;

-- noteReturned
delete
  from master_absences a
  where exists (select 1 from unnest($1::bigint[]) as c (id) where c.id = a.master_doc_id);
delete
  from master_suspects p
  where p.kind = 'missing'
  and exists (select 1 from unnest($1::bigint[]) as c (id) where c.id = p.master_doc_id);
update sync_map s set kept_at = null,
  dirty_seq = case when s.dirty_seq = s.applied_seq then nextval('dirty_seq') else s.dirty_seq end
  where (s.phase = 'gone' or s.tombstone_id is not null or s.kept_at is not null)
  and (s.dirty_seq = s.applied_seq or s.kept_at is not null) and exists (select 1 from unnest($1::bigint[]) as c (id) where c.id = s.master_doc_id);

-- noteAbsences
insert into master_absences as a
  (master_doc_id, state, newest, seen_in_trash, trashed_sweeps, absent_sweeps, last_sweep_run, last_run)
  select o.id, o.state, o.newest, o.state = 'trashed',
  case when o.state = 'trashed' then $1::int else 0 end, case when o.state = 'absent' then $2::int else 0 end,
  case when $3 then $4::bigint end, $5
  from unnest($6::bigint[], $7::text[],
  $8::boolean[]) as o (id, state, newest)
  on conflict (master_doc_id) do update set
  since = case when a.state = excluded.state then a.since else now() end,
  state = excluded.state, newest = excluded.newest,
  seen_in_trash = a.seen_in_trash or excluded.seen_in_trash,
  trashed_sweeps = a.trashed_sweeps
  + case when a.last_sweep_run is distinct from excluded.last_run then excluded.trashed_sweeps else 0 end,
  absent_sweeps = case when excluded.state = 'trashed' then 0 else a.absent_sweeps
  + case when a.last_sweep_run is distinct from excluded.last_run then excluded.absent_sweeps else 0 end end,
  last_sweep_run = coalesce(excluded.last_sweep_run, a.last_sweep_run), last_run = excluded.last_run;

-- noteMasterSweep
update master_state set last_sweep_at = now(), last_sweep_run = $1,
  sweep_count = sweep_count + $2
  where last_sweep_run is distinct from $3;

-- holdDeletionsAfterRestore
delete from "master_absences";
update master_state set deletions_from_sweep = sweep_count + 2;

-- noteSuspects
insert into master_suspects (kind, master_doc_id, known, seen, run_id)
  select $1, f.id, f.known, f.seen, $2::bigint
  from unnest($3::bigint[], $4::text[],
  $5::text[]) as f (id, known, seen)
  on conflict (kind, master_doc_id) do update set known = excluded.known, seen = excluded.seen, run_id = excluded.run_id,
  confirmed_at = case when master_suspects.seen is not distinct from excluded.seen then master_suspects.confirmed_at end;

-- clearSuspects
delete from master_suspects where kind = $1 and master_doc_id = any($2::bigint[]);

-- replaceMissing
delete from master_suspects where kind = 'missing' and confirmed_at is null
  and not (master_doc_id = any($1::bigint[]));
insert into master_suspects (kind, master_doc_id, known, seen, run_id)
  select $1, f.id, f.known, f.seen, $2::bigint
  from unnest($3::bigint[], $4::text[],
  $5::text[]) as f (id, known, seen)
  on conflict (kind, master_doc_id) do update set known = excluded.known, seen = excluded.seen, run_id = excluded.run_id,
  confirmed_at = case when master_suspects.seen is not distinct from excluded.seen then master_suspects.confirmed_at end;

-- countSuspects
select "kind", count(*) as "n" from "master_suspects" where "confirmed_at" is null group by "kind";

-- listSuspects
select "kind", "master_doc_id", "known", "seen", "found_at"
  from "master_suspects"
  where "confirmed_at" is null
  order by "kind", "master_doc_id"
  limit $1;

-- confirmSuspects
update "master_suspects"
  set "confirmed_at" = now()
  where "kind" in ($1)
  and "confirmed_at" is null
  returning "master_doc_id";

-- confirmNewest
insert into master_suspects (kind, master_doc_id, run_id, confirmed_at)
  select 'missing', master_doc_id, last_run, now() from master_absences where newest and state = 'absent'
  on conflict (kind, master_doc_id) do update set confirmed_at = now() where master_suspects.confirmed_at is null
  returning master_doc_id;

-- renewLinks
select s.id, s.lease_worker is not null and not coalesce(w.dead, false) as busy
  from sync_map s left join workers w on w.id = s.lease_worker
  where s.master_doc_id = any($1::bigint[]) order by s.id for update of s;
delete from "upload_attempts" where link_id = any($1::bigint[]);
delete from "version_attempts" where link_id = any($1::bigint[]);
delete from "version_links" where link_id = any($1::bigint[]);
delete from "note_links" where link_id = any($1::bigint[]);
update tombstones set state = 'released', closed_at = now(), detail = 'The id names another document of the master now.'
  where id in (select tombstone_id from sync_map where id = any($1::bigint[]));
update "sync_map"
  set "replica_doc_id" = $1, "replica_added" = $2, "replica_modified" = $3, "tombstone_id" = $4, "kept_at" = $5, "task_id" = $6, "file_checksum" = $7, "file_md5" = $8, "file_size" = $9, "stored_checksum" = $10, "plan" = $11, "applied" = $12, "hold_until" = $13, "clean_read_at" = $14, "held_plan" = $15, "locate" = $16, "version_k" = $17, "recheck_file" = $18, "last_synced" = $19, "excluded_at" = $20, "excluded_reason" = $21, "excluded_by" = $22, "master_added" = $23, "master_modified" = $24, "feed_modified" = $25, "phase" = $26, "status" = $27, "error_code" = $28, "error_msg" = $29, "retry_count" = $30, "next_due_at" = $31, "dirty_seq" = nextval('dirty_seq')
  where "id" in ($32);

-- knownIdentities
select distinct on (master_doc_id) master_doc_id as id, master_added as added from sync_map
  where master_doc_id = any($1::bigint[]) and master_added is not null order by master_doc_id, id;

-- recentlyApplied
select master_doc_id as id, master_modified as modified from sync_map
  where master_modified is not null and phase = 'ok' order by last_synced desc nulls last limit $1;
