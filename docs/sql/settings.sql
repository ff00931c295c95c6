-- shared/db/settings.repo.ts

-- readSettings
select "key", "value" from "settings";

-- putSettings
insert into "settings" ("key", "value")
  values ($1, $2)
  on conflict ("key") do update
  set "value" = excluded.value, "updated_at" = now();

-- insertSettings
insert into "settings" ("key", "value") values ($1, $2) on conflict ("key") do nothing;

-- deleteSettings
delete from "settings" where "key" in ($1, $2);
