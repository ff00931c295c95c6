-- shared/db/app-meta.repo.ts

-- readMeta
select "value" from "app_meta" where "key" = $1;

-- insertMeta
insert into "app_meta" ("key", "value") values ($1, $2) on conflict ("key") do nothing;

-- deleteMeta
delete from "app_meta" where "key" = $1;
