-- shared/db/api-keys.repo.ts

-- insertApiKey
insert into "api_keys" ("name", "key_hash", "hint", "scope", "created_by")
  values ($1, $2, $3, $4, $5)
  on conflict (lower(name))
  where "revoked_at" is null do nothing
  returning "id", "name", "hint", "scope", "created_at", "created_by", "last_used_at", "revoked_at";

-- listApiKeys
select "id", "name", "hint", "scope", "created_at", "created_by", "last_used_at", "revoked_at"
  from "api_keys"
  order by "id";

-- useApiKey
insert into "api_keys" ("name", "key_hash", "hint", "scope", "created_by")
  values ($1, $2, $3, $4, $5)
  on conflict (lower(name))
  where "revoked_at" is null do nothing
  returning "id", "name", "hint", "scope", "created_at", "created_by", "last_used_at", "revoked_at";
select "id", "name", "scope", coalesce(last_used_at < now() - interval '1 minute', true) as "stale"
  from "api_keys"
  where "key_hash" = $1
  and "revoked_at" is null;
update "api_keys" set "last_used_at" = now() where "id" = $1;

-- revokeApiKey
update "api_keys"
  set "revoked_at" = now()
  where "id" = $1
  and "revoked_at" is null
  returning "id", "name", "hint", "scope", "created_at", "created_by", "last_used_at", "revoked_at";
