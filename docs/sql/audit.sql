-- shared/db/audit.repo.ts

-- insertAudit
insert into "audit_log" ("actor", "via", "action", "target", "status", "request_id", "source", "before", "after")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  returning "id";

-- listAudit
select * from "audit_log" order by "id" desc limit $1;
select *
  from "audit_log"
  where "actor" = $1
  and position(lower($2) in lower(action)) > 0
  and position(lower($3) in lower(coalesce(target, ''))) > 0
  and "id" < $4
  order by "id" desc
  limit $5;

-- noteAuditOutcome
update "audit_log" set "status" = $1, "before" = $2, "after" = $3 where "id" = $4;
