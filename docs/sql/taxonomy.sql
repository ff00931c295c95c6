-- shared/db/taxonomy.repo.ts

-- taxonomyLinks
select * from "taxonomy_links" where "replica_id" = $1 order by "id";

-- listAmbiguous
select "t"."id", "t"."replica_id", "replicas"."name" as "replica", "t"."kind", "t"."master_id", "t"."name", "t"."error_msg"
  from "taxonomy_links" as "t"
  inner join "replicas" on "replicas"."id" = "t"."replica_id"
  where "t"."state" = $1
  order by "t"."id"
  limit $2;
select "t"."id", "t"."replica_id", "replicas"."name" as "replica", "t"."kind", "t"."master_id", "t"."name", "t"."error_msg"
  from "taxonomy_links" as "t"
  inner join "replicas" on "replicas"."id" = "t"."replica_id"
  where "t"."state" = $1
  and "t"."id" > $2
  and "t"."replica_id" = $3
  order by "t"."id"
  limit $4;

-- saveTaxonomyLink
insert into taxonomy_links (replica_id, kind, master_id, replica_obj_id, name, state, created_by_us, held_back, detail, error_msg)
  values ($1, $2, $3, $4, $5, $6, $7,
  $8::jsonb, $9::jsonb, $10)
  on conflict (replica_id, kind, master_id) do update set
  replica_obj_id = excluded.replica_obj_id, name = excluded.name, state = excluded.state,
  created_by_us = excluded.created_by_us, held_back = excluded.held_back, detail = excluded.detail,
  error_msg = excluded.error_msg, updated_at = now();

-- dropTaxonomyLinks
delete from "taxonomy_links" where "id" in ($1, $2);

-- ownerOfObject
select "id", "master_id", "name", "state"
  from "taxonomy_links"
  where "replica_id" = $1
  and "kind" = $2
  and "replica_obj_id" = $3;

-- markDirtyByMasterDoc
update sync_map set dirty_seq = nextval('dirty_seq')
  where replica_id = $1 and master_doc_id = any($2::bigint[]) and phase <> 'gone';

-- waitsForCleanUp
select exists (select 1 from sync_map
  where replica_id = $1 and error_code = 'option_clean_up') as waits;

-- openDocumentWrites
select count(*)::int as n from sync_map
  where replica_id = $1 and (lease_worker is not null or (plan is not null and hold_until > now()));
