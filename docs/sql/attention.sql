-- shared/db/attention.repo.ts

-- listAcknowledgements
select * from "acknowledgements" order by "key";

-- acknowledge
insert into "acknowledgements" ("key", "reason", "actor")
  values ($1, $2, $3)
  on conflict ("key") do update
  set "reason" = $4, "actor" = $5, "acknowledged_at" = $6;

-- forgetAcknowledgements
delete from "acknowledgements" where "key" in ($1);
