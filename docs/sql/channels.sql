-- shared/db/channels.repo.ts

-- listChannels
select * from "notification_channels" order by "id";

-- findChannel
select * from "notification_channels" where "id" = $1;

-- insertChannel
insert into "notification_channels" ("name", "kind", "config", "shown", "events")
  values ($1, $2, $3, $4, $5)
  on conflict do nothing
  returning *;

-- isChannelName
select "id" from "notification_channels" where lower(name) = lower($1) and "id" is distinct from $2;

-- updateChannel
update "notification_channels" set "enabled" = $1 where "id" = $2 returning *;

-- deleteChannel
delete from "notification_channels" where "id" = $1;

-- noteChannelWorks
update "notification_channels"
  set "confirmed_at" = now(), "failing_since" = $1, "last_error" = $2
  where "id" = $3;

-- noteChannelFails
update "notification_channels"
  set "failing_since" = coalesce(failing_since, now()), "last_error" = $1
  where "id" = $2;

-- listSilences
select * from "alert_silences" where "until" > now() order by "until";

-- insertSilence
insert into "alert_silences" ("event", "replica_id", "reason", "until", "created_by")
  values ($1, $2, $3, $4, $5)
  returning *;

-- endSilence
insert into "alert_silences" ("event", "replica_id", "reason", "until", "created_by")
  values ($1, $2, $3, $4, $5)
  returning *;
delete from "alert_silences" where "id" = $1;
update "alert_deliveries"
  set "due_at" = now(), "held_by" = $1
  where "state" in ($2, $3)
  and "held_by" = $4;
