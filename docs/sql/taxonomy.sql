-- shared/db/taxonomy.repo.ts

-- taxonomyLinks
select * from "taxonomy_links" where "replica_id" = $1 order by "id";

-- saveTaxonomyLink
insert into taxonomy_links (replica_id, kind, master_id, replica_obj_id, name, state, created_by_us, held_back, detail, error_msg)
  values ($1, $2, $3, $4, $5, $6,
  $7, $8::jsonb, $9::jsonb, $10)
  on conflict (replica_id, kind, master_id) do update set
  replica_obj_id = excluded.replica_obj_id, name = excluded.name, state = excluded.state,
  created_by_us = taxonomy_links.created_by_us or excluded.created_by_us,
  held_back = coalesce(excluded.held_back, taxonomy_links.held_back),
  detail = coalesce(excluded.detail, taxonomy_links.detail), error_msg = excluded.error_msg, updated_at = now();

-- dropTaxonomyLinks
delete from "taxonomy_links" where "id" in ($1, $2);
