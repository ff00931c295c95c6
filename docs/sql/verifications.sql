-- shared/db/verifications.repo.ts

-- insertVerification
insert into "verifications" ("parent_id", "replica_id", "scope", "depth", "master_doc_id", "trigger", "asked_by", "budget_ms")
  values ($1, $2, $3, $4, $5, $6, $7, $8)
  returning *;

-- findVerification
select * from "verifications" where "id" = $1;

-- openLike
select *
  from "verifications"
  where "finished_at" is null
  and "replica_id" is not distinct
  from $1
  and "scope" = $2
  and "depth" = $3
  and "master_doc_id" is not distinct
  from $4
  order by "id";

-- openVerifications
select * from "verifications" where "finished_at" is null and "parent_id" is null order by "id";

-- childrenOfVerification
select * from "verifications" where "parent_id" = $1 order by "id";

-- listVerifications
select * from "verifications" where "replica_id" = $1 order by "id" desc limit $2;
select * from "verifications" where "replica_id" = $1 and "id" < $2 order by "id" desc limit $3;

-- takeVerification
update verifications v set lease_worker = $1, lease_epoch = lease_epoch + 1, state = 'running',
  started_at = coalesce(started_at, now())
  where id = $2 and finished_at is null and replica_id is not null
  and (lease_worker is null or exists (select 1 from workers w where w.id = v.lease_worker and w.dead))
  and exists (select 1 from workers w where w.id = $3 and not w.dead for share)
  returning *;

-- updateVerification
update "verifications"
  set "phase" = $1
  where "id" = $2
  and "lease_epoch" = $3
  and "lease_worker" = $4
  and "finished_at" is null
  returning *;

-- releaseVerification
update "verifications"
  set "dispatched_at" = $1, "lease_worker" = $2
  where "id" = $3
  and "lease_epoch" = $4
  and "lease_worker" = $5;

-- releaseForLater
update "verifications"
  set "faults" = $1, "dispatched_at" = now(), "lease_worker" = $2
  where "id" = $3
  and "lease_epoch" = $4
  and "lease_worker" = $5;

-- releaseForgottenVerifications
select "id", "lease_epoch" from "verifications" where "lease_worker" = $1 and "finished_at" is null;

-- endedAmong
select id from verifications where id = any($1::bigint[]) and finished_at is not null;

-- takeLostVerifications
update verifications v set dispatched_at = now(), dispatched_by = $1
  where v.finished_at is null and v.replica_id is not null
  and ((v.lease_worker is null and (v.dispatched_at is null or v.dispatched_at < now() - make_interval(secs => $2)
  or exists (select 1 from workers w where w.id = v.dispatched_by and w.dead)))
  or exists (select 1 from workers w where w.id = v.lease_worker and w.dead))
  returning v.id;

-- noteDispatched
update verifications set dispatched_at = now() where id = $1 and dispatched_at is null;

-- closeVerification
update "verifications"
  set "state" = $1, "finished_at" = now(), "digest" = $2, "error_code" = $3, "error_msg" = $4, "lease_worker" = $5
  where "id" = $6
  and "finished_at" is null
  returning *;

-- closeParents
update verifications p set finished_at = now(), started_at = c.started_at, state = c.state, compared = c.compared,
  equal = c.equal, derived = c.derived, findings = c.findings, skipped = c.skipped, bytes_read = c.bytes_read
  from (
  select parent_id, min(started_at) as started_at, sum(compared) as compared, sum(equal) as equal, sum(derived) as derived,
  sum(findings) as findings, sum(skipped) as skipped, sum(bytes_read) as bytes_read,
  case when bool_or(state = 'failed') then 'failed' when bool_or(state = 'cancelled') then 'cancelled'
  when bool_or(state = 'stopped') then 'stopped' else 'done' end as state
  from verifications
  where parent_id in (select id from verifications where scope = 'everything' and finished_at is null)
  group by parent_id having bool_and(finished_at is not null)) as c
  where p.id = c.parent_id and p.finished_at is null;

-- claimNight
update master_state m set next_verify_at = $1 from (select next_verify_at from master_state for update) as was
  where m.next_verify_at is null or m.next_verify_at <= now()
  returning was.next_verify_at is not null as due;

-- linksAfter
select *
  from "sync_map"
  where "replica_id" = $1
  and "id" > $2
  and "master_doc_id" = $3
  order by "id"
  limit $4;
select *
  from "sync_map"
  where "replica_id" = $1
  and "id" > $2
  and "id" in (select "link_id" from "findings" where "replica_id" = $3 and "state" = $4 and "depth" = $5 and "link_id" is not null)
  order by "id"
  limit $6;

-- linksOfSlice
select s.* from sync_map s
  where s.replica_id = $1 and s.replica_doc_id is not null and (phase <> 'gone' and phase <> 'excluded')
  and s.checksum_at is null
  and not exists (select 1 from verification_ledger l where l.verification_id = $2 and l.link_id = s.id)
  order by s.id limit $3;
select s.* from sync_map s
  where s.replica_id = $1 and s.replica_doc_id is not null and (phase <> 'gone' and phase <> 'excluded')
  and true
  and not exists (select 1 from verification_ledger l where l.verification_id = $2 and l.link_id = s.id)
  order by s.bytes_at nulls first, s.id limit $3;

-- linksPutOff
select "sync_map".*
  from "sync_map"
  inner join "verification_ledger" as "l" on "l"."link_id" = "sync_map"."id"
  where "l"."verification_id" = $1
  and "l"."outcome" = $2
  order by "l"."link_id"
  limit $3;
