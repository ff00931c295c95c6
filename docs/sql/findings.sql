-- shared/db/findings.repo.ts

-- saveFindings
insert into findings (replica_id, link_id, master_doc_id, replica_doc_id, kind, depth, message, hint, fields,
  verification_id, last_verification_id)
  values ($1, $2, $3, $4, $5, $6,
  $7, $8, $9::jsonb, $10, $11)
  on conflict (replica_id, kind, coalesce(link_id, 0), coalesce(replica_doc_id, 0)) where state <> 'repaired'
  do update set message = excluded.message, hint = excluded.hint, fields = excluded.fields, depth = excluded.depth,
  last_verification_id = excluded.last_verification_id, last_seen_at = now();

-- endUnseen
update findings set state = 'repaired', repaired_at = coalesce(repaired_at, now()), verified_again_at = now(),
  verified_again_by = $1, reason = null
  where link_id = any($2::bigint[]) and state <> 'repaired' and last_verification_id <> $3
  and depth = any($4::text[]);

-- endUnseenOfKind
update findings set state = 'repaired', repaired_at = coalesce(repaired_at, now()), verified_again_at = now(),
  verified_again_by = $1, reason = null
  where replica_id = $2 and kind = any($3::text[]) and state <> 'repaired'
  and last_verification_id <> $4;

-- repairing
select * from "findings" where "replica_id" = $1 and "state" = $2 order by "id";
select * from "findings" where "replica_id" = $1 and "state" = $2 and "depth" = $3 order by "id";

-- repairable
select "findings".*
  from "findings"
  left join "sync_map" on "sync_map"."id" = "findings"."link_id"
  where "last_verification_id" = $1
  and "state" = $2
  and "kind" in ($3)
  and "round" < $4
  and ("sync_map"."id" is null or "sync_map"."phase" not in ($5, $6))
  order by "findings"."id";

-- beginRepair
update findings f set state = 'repairing', round = round + 1, reason = null, repaired_at = null,
  repair_after_run = (select coalesce(max(r.id), 0) from sync_runs r)
  where id = any($1::bigint[]) and state = 'open';

-- markForRepair
update sync_map set dirty_seq = nextval('dirty_seq'), next_due_at = null, recheck_file = true
  where id = any($1::bigint[]) and dirty_seq = applied_seq;

-- reopen
update findings set state = 'open', reason = $1, round = greatest(0, round - $2::int)
  where id = any($3::bigint[]) and state = 'repairing';

-- reopenWithReason
update findings f set state = 'open', reason = coalesce((
  select case when s.dirty_seq <> s.applied_seq then 'Not repaired yet: ' else 'Still so after the repair: ' end
  || coalesce(s.error_msg, 'phase ' || s.phase) from sync_map s where s.id = f.link_id), 'Still so after the repair.')
  where f.replica_id = $1 and f.depth = $2 and f.state = 'repairing';

-- endFindings
update findings set state = 'repaired', repaired_at = now(), verified_again_at = now(),
  verified_again_by = $1, reason = null
  where id = any($2::bigint[]);

-- repairStates
with asked as (
  select replica_id, max(repair_after_run) as after_run, array_agg(distinct depth) as depths
  from findings where state = 'repairing' group by replica_id)
  select a.*, ended.id as ended_run, ended.outcome as ended_outcome, ended.error_msg as ended_error,
  exists (select 1 from sync_runs r where r.replica_id = a.replica_id and r.finished_at is null) as run_open,
  exists (select 1 from verifications v
  where v.replica_id = a.replica_id and v.scope = 'repairs' and v.finished_at is null) as verifying
  from asked a left join lateral (
  select r.id, r.outcome, r.error_msg from sync_runs r
  where r.replica_id = a.replica_id and r.finished_at is not null and r.id > a.after_run
  order by r.id desc limit 1) as ended on true;

-- acceptFinding
update "findings" set "state" = $1 where "id" = $2 and "state" in ($3, $4) returning *;

-- findFinding
select * from "findings" where "id" = $1;

-- listFindings
select * from "findings" where "replica_id" = $1 order by "id" desc limit $2;
select *
  from "findings"
  where "replica_id" = $1
  and "state" = $2
  and "kind" = $3
  and "last_verification_id" = $4
  and "id" < $5
  order by "id" desc
  limit $6;

-- countSeenBy
select count(*)::int as "findings" from "findings" where "last_verification_id" = $1;
