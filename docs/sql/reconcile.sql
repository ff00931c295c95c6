-- shared/db/reconcile.repo.ts

-- openScan
delete from "reconciliations" where "run_id" = $1;
insert into "reconciliations" ("replica_id", "run_id", "mode") values ($1, $2, $3) returning "id";

-- dropScan
delete from "reconciliations" where "id" = $1;

-- finishScan
update reconciliations set finished_at = now(), summary = $1 where id = $2;
delete from "reconcile_rows" where "scan_id" = $1;

-- addScanRows
delete from "reconciliations" where "run_id" = $1;
insert into "reconciliations" ("replica_id", "run_id", "mode") values ($1, $2, $3) returning "id";
insert into "reconcile_rows" ("doc_id", "added", "asn", "title_key", "name_key", "content_key", "root_hex", "newest_hex", "marked_for", "bears_reserved", "scan_id", "side")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- analyzeScan
analyze reconcile_rows, sync_map;

-- attachLinks
update reconcile_rows m set link_id = s.id, former_id = (
  select r.doc_id from reconcile_rows r
  where r.scan_id = m.scan_id and r.side = 'replica'
  and r.doc_id = coalesce(s.replica_doc_id, s.former_doc_id)
  and case when s.replica_doc_id is not null then ("r"."added"::timestamptz = "s"."replica_added"::timestamptz
  or "r"."added"::timestamptz = date_trunc('milliseconds', "s"."replica_added"::timestamptz))
  else ("r"."added"::timestamptz = "s"."former_added"::timestamptz
  or "r"."added"::timestamptz = date_trunc('milliseconds', "s"."former_added"::timestamptz)) end
  and (s.master_added is null or ("m"."added"::timestamptz = "s"."master_added"::timestamptz
  or "m"."added"::timestamptz = date_trunc('milliseconds', "s"."master_added"::timestamptz))))
  from sync_map s
  where m.scan_id = $1 and m.side = 'master' and s.replica_id = $2 and s.master_doc_id = m.doc_id;

-- leaveInFlight
update reconcile_rows m set rule = 'in_flight' from sync_map s
  where m.scan_id = $1 and m.side = 'master' and s.id = m.link_id and (s.replacing
  or exists (select 1 from version_attempts v where v.link_id = s.id and v.closed_at is null)
  or (s.replica_doc_id is null
  and exists (select 1 from upload_attempts a where a.link_id = s.id and a.closed_at is null)));

-- keepLinks
with kept as (
  update reconcile_rows m set rule = 'kept', matched_to = m.former_id from sync_map s
  where m.scan_id = $1 and m.side = 'master' and s.id = m.link_id and m.rule is null
  and s.replica_doc_id = m.former_id and not s.unconfirmed
  returning m.former_id, m.doc_id)
  update reconcile_rows r set rule = 'kept', matched_to = kept.doc_id from kept
  where r.scan_id = $2 and r.side = 'replica' and r.doc_id = kept.former_id;

-- reserveOwned
update reconcile_rows r set rule = 'owned' from sync_map s
  where r.scan_id = $1 and r.side = 'replica' and r.rule is null
  and s.replica_id = $2 and s.replica_doc_id = r.doc_id and ("r"."added"::timestamptz = "s"."replica_added"::timestamptz
  or "r"."added"::timestamptz = date_trunc('milliseconds', "s"."replica_added"::timestamptz))
  and not exists (select 1 from reconcile_rows m
  where m.scan_id = r.scan_id and m.side = 'master' and m.link_id = s.id and m.rule is distinct from 'in_flight');

-- matchMarked
with pick as (
  select distinct on (m.doc_id) m.doc_id as master_id, r.doc_id as copy_id
  from reconcile_rows r join reconcile_rows m
  on m.scan_id = r.scan_id and m.side = 'master' and m.doc_id = r.marked_for and m.rule is null
  where r.scan_id = $1 and r.side = 'replica' and r.rule is null
  and (r.content_key = m.content_key or r.root_hex in (m.root_hex, m.newest_hex, m.sha256, m.md5))
  order by m.doc_id, r.bears_reserved desc, r.doc_id),
  masters as (
  update reconcile_rows m set rule = 'mark', matched_to = pick.copy_id from pick
  where m.scan_id = $2 and m.side = 'master' and m.doc_id = pick.master_id)
  update reconcile_rows r set rule = case when pick.copy_id is null then 'marked' else 'mark' end,
  matched_to = pick.master_id
  from reconcile_rows o left join pick on pick.copy_id = o.doc_id
  where o.scan_id = $3 and o.side = 'replica' and o.rule is null and o.marked_for is not null
  and r.scan_id = o.scan_id and r.side = o.side and r.doc_id = o.doc_id;

-- unhashedRows
select m.doc_id, m.newest_hex,
  s.file_checksum as known_sha256, s.file_md5 as known_md5,
  (m.former_id is not null or exists (select 1 from reconcile_rows r where r.scan_id = m.scan_id and r.side = 'replica'
  and r.rule is null and "r"."asn" = "m"."asn") or exists (select 1 from reconcile_rows r where r.scan_id = m.scan_id and r.side = 'replica'
  and r.rule is null and "r"."title_key" = "m"."title_key")
  or exists (select 1 from reconcile_rows r where r.scan_id = m.scan_id and r.side = 'replica'
  and r.rule is null and "r"."name_key" = "m"."name_key") or exists (select 1 from reconcile_rows r where r.scan_id = m.scan_id and r.side = 'replica'
  and r.rule is null and "r"."marked_for" = "m"."doc_id")) as nominated
  from reconcile_rows m left join sync_map s on s.id = m.link_id
  where m.scan_id = $1 and m.side = $2 and m.rule is null and m.content_key is null and m.doc_id > $3
  order by m.doc_id limit $4;

-- setHashes
update reconcile_rows r set content_key = h."contentKey", newest_hex = coalesce(h."newestHex", r.newest_hex),
  root_hex = coalesce(r.root_hex, h."newestHex"), sha256 = h.sha256, md5 = h.md5
  from jsonb_to_recordset($1::jsonb)
  as h ("docId" bigint, "contentKey" text, "newestHex" text, sha256 text, md5 text)
  where r.scan_id = $2 and r.side = $3 and r.doc_id = h."docId";

-- freeGroups
with keys as materialized (
  select distinct "content_key" as key from reconcile_rows
  where scan_id = $1 and side = 'master' and rule is null and "content_key" > $2
  order by "content_key" limit $3)
  select side, doc_id as id, asn, title_key as "titleKey", name_key as "nameKey", former_id as "formerId",
  content_key as "contentKey", "content_key" as "group"
  from reconcile_rows join keys on keys.key = "content_key"
  where scan_id = $4 and rule is null order by "content_key", side, doc_id;
with keys as materialized (
  select distinct "root_hex" as key from reconcile_rows
  where scan_id = $1 and side = 'master' and rule is null and "root_hex" > $2
  order by "root_hex" limit $3)
  select side, doc_id as id, asn, title_key as "titleKey", name_key as "nameKey", former_id as "formerId",
  content_key as "contentKey", "root_hex" as "group"
  from reconcile_rows join keys on keys.key = "root_hex"
  where scan_id = $4 and rule is null order by "root_hex", side, doc_id;
with keys as materialized (
  select distinct "title_key" as key from reconcile_rows
  where scan_id = $1 and side = 'master' and rule is null and "title_key" > $2
  order by "title_key" limit $3)
  select side, doc_id as id, asn, title_key as "titleKey", name_key as "nameKey", former_id as "formerId",
  content_key as "contentKey", "title_key" as "group"
  from reconcile_rows join keys on keys.key = "title_key"
  where scan_id = $4 and rule is null order by "title_key", side, doc_id;

-- setPairs
with p as materialized (select * from jsonb_to_recordset($1::jsonb)
  as p ("masterId" bigint, "copyId" bigint, rule text)),
  masters as (update reconcile_rows m set rule = p.rule, matched_to = p."copyId" from p
  where m.scan_id = $2 and m.side = 'master' and m.doc_id = p."masterId")
  update reconcile_rows r set rule = p.rule, matched_to = p."masterId" from p
  where r.scan_id = $3 and r.side = 'replica' and r.doc_id = p."copyId";

-- matchIdentities
with pick as (
  select distinct on (r.doc_id) m.doc_id as master_id, r.doc_id as copy_id
  from reconcile_rows m join sync_map s on s.id = m.link_id
  join reconcile_rows r on r.scan_id = m.scan_id and r.side = 'replica' and r.doc_id = m.former_id and r.rule is null
  where m.scan_id = $1 and m.side = 'master' and m.rule is null
  and (not s.unconfirmed or r.root_hex = s.stored_checksum)
  order by r.doc_id, m.doc_id),
  masters as (update reconcile_rows m set rule = 'identity', matched_to = pick.copy_id from pick
  where m.scan_id = $2 and m.side = 'master' and m.doc_id = pick.master_id)
  update reconcile_rows r set rule = 'identity', matched_to = pick.master_id from pick
  where r.scan_id = $3 and r.side = 'replica' and r.doc_id = pick.copy_id;

-- countRules
select side, rule, count(*)::int as n from reconcile_rows
  where scan_id = $1 group by side, rule order by side, rule;

-- countExtras
select count(*)::int as n from reconcile_rows r
  where r.scan_id = $1 and r.side = 'replica' and r.rule is null and exists (
  select 1 from reconcile_rows m where m.scan_id = r.scan_id and m.side = 'master' and m.content_key = r.content_key);

-- scanResults
select doc_id as master_doc_id, matched_to as replica_doc_id, rule
  from reconcile_rows where scan_id = $1 and side = 'master' and rule is distinct from 'kept'
  order by doc_id limit $2;

-- reconciliationsOf
select *
  from "reconciliations"
  where "replica_id" = $1
  and "run_id" is not null
  and "id" < $2
  order by "id" desc
  limit $3;
