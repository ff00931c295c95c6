-- shared/db/identity.repo.ts

-- sampleOfCopies
select id, replica_doc_id, replica_added from sync_map
  where replica_id = $1 and replica_doc_id is not null and replica_added is not null
  and (not $2::boolean or unconfirmed)
  order by random() limit $3;

-- copiesAfter
select id, replica_doc_id, replica_added from sync_map
  where replica_id = $1 and replica_doc_id is not null and replica_added is not null and id > $2
  order by id limit $3;

-- quarantine
update sync_map set status = 'error', phase = 'blocked', error_code = 'identity_changed',
  error_msg = $1, failed_at = now(), next_due_at = null, applied_seq = dirty_seq
  where id = any($2::bigint[]) and lease_worker is null;

-- countQuarantined
select count(*)::int as n from sync_map
  where replica_id = $1 and error_code = 'identity_changed';

-- alsoKnownAt
with d as (
  select id, added from jsonb_to_recordset($1::jsonb) as d (id bigint, added text)),
  known as (
  select 'master' as instance, d.id from d join sync_map s on s.master_doc_id = d.id
  and ("d"."added"::timestamptz = "s"."master_added"::timestamptz
  or "d"."added"::timestamptz = date_trunc('milliseconds', "s"."master_added"::timestamptz)) where not $2::boolean
  union
  select r.name, d.id from d join sync_map s on s.replica_doc_id = d.id and ("d"."added"::timestamptz = "s"."replica_added"::timestamptz
  or "d"."added"::timestamptz = date_trunc('milliseconds', "s"."replica_added"::timestamptz))
  join replicas r on r.id = s.replica_id where r.id is distinct from $3::bigint)
  select instance from known group by instance having count(distinct id) = $4::int order by instance;

-- unknownMarks
select d.id
  from jsonb_to_recordset($1::jsonb) as d (id bigint, "masterId" bigint, title text)
  where not exists (select 1 from sync_map s where s.replica_id = $2 and s.replica_doc_id = d.id)
  and not exists (select 1 from sync_map s join upload_attempts a on a.link_id = s.id
  where s.replica_id = $3 and s.master_doc_id = d."masterId" and a.marker = d.title)
  and not exists (select 1 from replicas r where r.id = $4 and r.known_marks @> to_jsonb(d.id));

-- copyCounts
select count(*)::int as linked from sync_map
  where replica_id = $1 and replica_doc_id is not null;

-- highWaterOf
select max(id) as id, (array_agg(added order by added::timestamptz desc))[1] as added from (
  select high_water_id as id, high_water_added as added from replicas where id = $1
  union all (select replica_doc_id, replica_added from sync_map
  where replica_id = $2 and replica_doc_id is not null and replica_added is not null
  order by replica_doc_id desc limit 1)) as known
  where id is not null and added is not null having count(*) > 0;

-- noteHighWater
update "replicas" set "high_water_id" = $1, "high_water_added" = $2 where "id" = $3;

-- capAcceptedMissing
update "replicas" set "missing_accepted" = $1 where "id" = $2 and "missing_accepted" > $3;

-- acceptMissing
update replicas set missing_accepted = $1, suspended_at = null, suspended_reason = null,
  paused_at = null, pause_reason = null, consecutive_failures = 0, error_code = null, error_msg = null
  where id = $2;

-- acceptIdentities
update replicas set high_water_id = null, high_water_added = null, reconcile_required = $1,
  suspended_at = null, suspended_reason = null, paused_at = null, pause_reason = null, consecutive_failures = 0,
  error_code = null, error_msg = null where id = $2;
