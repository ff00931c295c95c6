-- shared/db/sealed.repo.ts

-- lockSealed
begin;
select 'canary' as what, key, value as token from app_meta
  where key = $1 for no key update;
select 'setup code' as what, key, value as token from app_meta
  where key = $1 for no key update;
select 'setting' as what, key, value as token from settings
  where key = any($1::text[]) and value <> '' order by key for no key update;
select 'replica' as what, id::text as key, api_token as token from replicas
  order by id for no key update;
select 'channel' as what, id::text as key, config as token from notification_channels
  where config <> '' order by id for no key update;
select 'former master' as what, id::text as key, old_master_token as token from promotions
  order by id for no key update;
commit;

-- replaceSealed
update "app_meta" set "value" = $1 where "key" = $2;
update "settings" set "value" = $1 where "key" = $2;
update "replicas" set "api_token" = $1 where "id" = $2;
update "notification_channels" set "config" = $1 where "id" = $2;

-- disableChannel
update "notification_channels" set "enabled" = $1, "confirmed_at" = $2 where "id" = $3;

-- pauseWithoutToken
update replicas set paused_at = coalesce(paused_at, now()), pause_reason = coalesce(pause_reason, $1)
  where id = $2;
