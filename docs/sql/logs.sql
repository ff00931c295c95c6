-- shared/db/logs.repo.ts

-- insertLogs
begin;
select pg_advisory_xact_lock($1, 0);
with stored as (insert into logs (level, message, code, doc_id, run_id, replica_id, created_at)
  select l.level, l.message, l.code, l.doc_id, sync_runs.id, replicas.id, coalesce(l.created_at, now())
  from jsonb_to_recordset($1::jsonb) as l(
  level text, message text, code text, doc_id bigint, run_id bigint, replica_id bigint,
  created_at timestamptz, nth integer)
  left join sync_runs on sync_runs.id = l.run_id
  left join replicas on replicas.id = l.replica_id
  order by l.nth returning id)
  select pg_notify($2, max(id)::text) from stored;
commit;

-- queryLogs
select "logs"."id", "logs"."created_at", "logs"."level", "logs"."message", "logs"."code", "logs"."run_id", "logs"."replica_id", "logs"."doc_id", "replicas"."name" as "replica"
  from "logs"
  left join "replicas" on "replicas"."id" = "logs"."replica_id"
  order by "logs"."id" desc
  limit $1;
select "logs"."id", "logs"."created_at", "logs"."level", "logs"."message", "logs"."code", "logs"."run_id", "logs"."replica_id", "logs"."doc_id", "replicas"."name" as "replica"
  from "logs"
  left join "replicas" on "replicas"."id" = "logs"."replica_id"
  where "logs"."replica_id" = $1
  and "logs"."run_id" = $2
  and "logs"."level" = $3
  and "logs"."created_at" >= $4
  and "logs"."created_at" <= $5
  and coalesce(logs.search @@ websearch_to_tsquery('simple', $6), false)
  and logs.id >= $7::bigint - $8::int
  and "logs"."id" < $9
  order by "logs"."id" desc
  limit $10;
select "logs"."id", "logs"."created_at", "logs"."level", "logs"."message", "logs"."code", "logs"."run_id", "logs"."replica_id", "logs"."doc_id", "replicas"."name" as "replica"
  from "logs"
  left join "replicas" on "replicas"."id" = "logs"."replica_id"
  where "logs"."id" in (with found as materialized ((select "logs"."id" from "logs" left join "replicas" on "replicas"."id" = "logs"."replica_id" where "logs"."replica_id" = $1 and "logs"."run_id" = $2 and "logs"."level" = $3 and "logs"."created_at" >= $4 and "logs"."created_at" <= $5 and logs.search @@ websearch_to_tsquery('simple', $6) and "logs"."id" < $7)) select id from found order by id desc limit $8)
  order by "logs"."id" desc;

-- logsAfter
select "logs"."id", "logs"."created_at", "logs"."level", "logs"."message", "logs"."code", "logs"."run_id", "logs"."replica_id", "logs"."doc_id", "replicas"."name" as "replica"
  from "logs"
  left join "replicas" on "replicas"."id" = "logs"."replica_id"
  where "logs"."doc_id" = $1
  and "logs"."code" = $2
  and "logs"."id" > $3
  order by "logs"."id"
  limit $4;

-- lastLogId
select max("id") as "id" from "logs";

-- logsWithText
select "logs"."id", "logs"."created_at", "logs"."level", "logs"."message", "logs"."code", "logs"."run_id", "logs"."replica_id", "logs"."doc_id", "replicas"."name" as "replica"
  from "logs"
  left join "replicas" on "replicas"."id" = "logs"."replica_id"
  where logs.search @@ websearch_to_tsquery('simple', $1)
  and "logs"."id" in ($2, $3);

-- logsAround
select "logs"."id", "logs"."created_at", "logs"."level", "logs"."message", "logs"."code", "logs"."run_id", "logs"."replica_id", "logs"."doc_id", "replicas"."name" as "replica"
  from "logs"
  left join "replicas" on "replicas"."id" = "logs"."replica_id"
  where "logs"."id" < $1
  order by "logs"."id" desc
  limit $2;
select "logs"."id", "logs"."created_at", "logs"."level", "logs"."message", "logs"."code", "logs"."run_id", "logs"."replica_id", "logs"."doc_id", "replicas"."name" as "replica"
  from "logs"
  left join "replicas" on "replicas"."id" = "logs"."replica_id"
  where "logs"."id" > $1
  order by "logs"."id"
  limit $2;

-- deleteLogsBefore
delete from "logs" where "id" in (select "id" from "logs" where "created_at" < $1 limit $2);
