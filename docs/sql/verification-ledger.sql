-- shared/db/verification-ledger.repo.ts

-- saveLedger
insert into "verification_ledger" ("link_id", "master_doc_id", "replica_doc_id", "depth", "outcome", "reason", "master_file", "copy_file", "master_fields", "copy_fields", "derived", "verification_id", "compared_at")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
  on conflict ("verification_id", "link_id") do update
  set "replica_doc_id" = "excluded"."replica_doc_id", "depth" = "excluded"."depth", "compared_at" = "excluded"."compared_at", "outcome" = "excluded"."outcome", "reason" = "excluded"."reason", "master_file" = "excluded"."master_file", "copy_file" = "excluded"."copy_file", "master_fields" = "excluded"."master_fields", "copy_fields" = "excluded"."copy_fields", "derived" = "excluded"."derived";

-- skipPutOff
update "verification_ledger"
  set "outcome" = $1, "reason" = $2
  where "verification_id" = $3
  and "outcome" = $4;

-- markVerified
update sync_map s set
  verified_at = case when array_position(array['list', 'metadata', 'checksum', 'bytes'], v.depth) >= coalesce(array_position(array['list', 'metadata', 'checksum', 'bytes'], s.verified_depth), 0) then $1 else s.verified_at end,
  verified_depth = case when array_position(array['list', 'metadata', 'checksum', 'bytes'], v.depth) >= coalesce(array_position(array['list', 'metadata', 'checksum', 'bytes'], s.verified_depth), 0) then v.depth else s.verified_depth end,
  checksum_at = case when v.depth in ('checksum', 'bytes') then $2 else s.checksum_at end,
  bytes_at = case when v.depth = 'bytes' then $3 else s.bytes_at end
  from unnest($4::bigint[], $5::bigint[],
  $6::text[]) as v (id, seq, depth)
  where s.id = v.id and s.dirty_seq = v.seq and s.applied_seq = v.seq and s.lease_worker is null and s.status = 'ok';

-- forgetVerified
update sync_map set verified_at = null, verified_depth = null, checksum_at = null, bytes_at = null
  where id = any($1::bigint[]);

-- linkStates
select "id", "dirty_seq", "lease_epoch", "replica_doc_id"
  from "sync_map"
  where "id" = any($1::bigint[]);

-- ledgerPage
select *
  from "verification_ledger"
  where "verification_id" = $1
  and "link_id" > $2
  order by "link_id"
  limit $3;

-- lastOfLinks
select distinct on ("link_id", "depth") *
  from "verification_ledger"
  where "link_id" = any($1::bigint[])
  and "outcome" in ($2, $3)
  order by "link_id", "depth", "compared_at" desc;

-- depthCoverage
with library as (
  select t.links - (select count(*) from sync_map where replica_id = $1 and phase in ('gone', 'excluded')) as documents
  from link_totals t where t.replica_id = $2),
  covered as materialized (
  select documents, documents - ((select count(*) from sync_map s where s.replica_id = $3 and (phase <> 'gone' and phase <> 'excluded') and s."checksum_at" is null) + (select count(*) from sync_map s where s.replica_id = $4 and (phase <> 'gone' and phase <> 'excluded') and s."checksum_at" < $5)) as checksum from library)
  select documents::int, checksum::int,
  (checksum + (select count(*) from sync_map s where s.replica_id = $6 and (phase <> 'gone' and phase <> 'excluded')
  and (s.checksum_at is null or s.checksum_at < $7) and s.verified_at >= $8
  and s.verified_depth in ('metadata', 'checksum', 'bytes')))::int as metadata,
  (documents - ((select count(*) from sync_map s where s.replica_id = $9 and (phase <> 'gone' and phase <> 'excluded') and s."bytes_at" is null) + (select count(*) from sync_map s where s.replica_id = $10 and (phase <> 'gone' and phase <> 'excluded') and s."bytes_at" < $11)))::int as bytes
  from covered;

-- countWindowMissed
select count(*)::int as "documents"
  from "sync_map"
  where "replica_id" = $1
  and "replica_doc_id" is not null
  and (phase <> 'gone' and phase <> 'excluded')
  and coalesce(bytes_at, created_at) < $2;

-- verificationByReplica
with unsettled as (
  select replica_id, status, phase, count(*) as links, count(*) filter (where checksum_at >= $1) as proven
  from sync_map where (status <> 'ok' or phase <> 'ok') group by 1, 2, 3),
  library as (
  select t.replica_id, t.links - coalesce(sum(u.links) filter (where u.phase in ('gone', 'excluded')), 0) as documents,
  coalesce(sum(u.links) filter (where u.phase = 'dlq'), 0)::int as given_up,
  coalesce(sum(u.links) filter (where u.phase = 'blocked'), 0)::int as blocked,
  coalesce(sum(u.links) filter (where u.phase = 'excluded'), 0)::int as excluded,
  coalesce(sum(u.proven) filter (where u.status <> 'ok' and u.phase not in ('gone', 'excluded')), 0) as proven_before
  from link_totals t left join unsettled u on u.replica_id = t.replica_id group by t.replica_id)
  select l.replica_id, l.documents::int, l.given_up, l.blocked, l.excluded,
  (l.documents - l.proven_before - ((select count(*) from sync_map s where s.replica_id = l.replica_id and (phase <> 'gone' and phase <> 'excluded') and s."checksum_at" is null) + (select count(*) from sync_map s where s.replica_id = l.replica_id and (phase <> 'gone' and phase <> 'excluded') and s."checksum_at" < $2)))::int as verified,
  (select count(*) from sync_map s where s.replica_id = l.replica_id and s.checksum_at is null and s.status = 'ok'
  and s.phase <> 'gone' and s.dirty_seq = s.applied_seq and s.last_synced >= $3)::int as read_back,
  (select s.checksum_at from sync_map s where s.replica_id = l.replica_id and (phase <> 'gone' and phase <> 'excluded')
  order by s.checksum_at nulls first, s.id limit 1) as oldest_checksum_at,
  (select s.bytes_at from sync_map s where s.replica_id = l.replica_id and (phase <> 'gone' and phase <> 'excluded')
  order by s.bytes_at nulls first, s.id limit 1) as oldest_bytes_at
  from library l where l.documents > 0 or l.excluded > 0;
select "replica_id", "kind", count(*)::int as "findings"
  from "findings"
  where "state" in ($1, $2)
  group by "replica_id", "kind";

-- openFindingCounts
select "replica_id", "kind", count(*)::int as "findings"
  from "findings"
  where "state" in ($1, $2)
  group by "replica_id", "kind";

-- pruneLedger
delete from verification_ledger where (verification_id, link_id) in (
  select l.verification_id, l.link_id from verification_ledger l
  where l.compared_at < $1 and exists (
  select 1 from verification_ledger newer
  where newer.link_id = l.link_id and newer.depth = l.depth and newer.compared_at > l.compared_at)
  limit $2);

-- unlinkedAmong
select c.id from unnest($1::bigint[]) as c (id)
  where not exists (select 1 from sync_map s where s.replica_id = $2 and s.replica_doc_id = c.id)
  order by c.id;

-- linksNotAmong
select s.id, s.master_doc_id, s.replica_doc_id from sync_map s
  where s.replica_id = $1 and s.replica_doc_id is not null and (phase <> 'gone' and phase <> 'excluded')
  and not exists (select 1 from unnest($2::bigint[]) as c (id) where c.id = s.replica_doc_id)
  order by s.id;

-- restingCopies
select "id", "master_doc_id", "replica_doc_id"
  from "sync_map"
  where "replica_id" = $1
  and "master_doc_id" = any($2::bigint[])
  and "replica_doc_id" is not null
  and "status" <> $3
  and "dirty_seq" = "applied_seq";
