-- shared/db/audit.repo.ts

-- insertAudit
insert into "audit_log" ("actor", "via", "action", "target", "status", "request_id", "source", "before", "after")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
  returning "id";

-- noteAuditStatus
update "audit_log" set "status" = $1 where "id" = $2;
