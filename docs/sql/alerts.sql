-- shared/db/alerts.repo.ts

-- listOpenAlerts
select "id", "key", "event", "replica_id", "level"
  from "alerts"
  where "closed_at" is null
  order by "id";

-- openAlert
insert into "alerts" ("key", "event", "replica_id", "level")
  values ($1, $2, $3, $4)
  on conflict ("key")
  where "closed_at" is null do nothing
  returning "id";

-- setAlertLevel
update "alerts" set "level" = $1 where "id" = $2;

-- closeAlert
update "alerts" set "closed_at" = now() where "id" = $1;

-- insertEvent
insert into "alert_events" ("message_id", "alert_id", "event", "state", "severity", "replica_id", "title", "message", "data", "run_id", "digest_day")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  on conflict do nothing
  returning *;

-- hasDigest
select "id" from "alert_events" where "digest_day" = $1;

-- insertDeliveries
insert into "notification_channels" ("name", "kind", "config", "shown", "events")
  values ($1, $2, $3, $4, $5)
  on conflict do nothing
  returning *;
insert into "alert_events" ("message_id", "alert_id", "event", "state", "severity", "replica_id", "title", "message", "data", "run_id", "digest_day")
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  on conflict do nothing
  returning *;
insert into "alert_deliveries" ("event_id", "channel_id", "state", "held_by", "due_at", "dispatched_at")
  values ($1, $2, $3, $4, now(), $5)
  returning "id";

-- lastTold
select "d"."channel_id", max(coalesce(d.ended_at, d.created_at)) as "at"
  from "alert_deliveries" as "d"
  inner join "alert_events" as "e" on "e"."id" = "d"."event_id"
  where "e"."created_at" > $1
  and "e"."event" = $2
  and "e"."state" = $3
  and "e"."replica_id" is not distinct
  from $4
  and "d"."attempts" > $5
  group by "d"."channel_id";

-- dropMessages
update alert_deliveries d set state = 'dropped', ended_at = now()
  from alert_events e where e.id = d.event_id and e.alert_id = $1 and e.state = 'raised'
  and d.state in ('standby', 'waiting') and (d.attempts = 0 or not $2::boolean);

-- toldOfAlert
select d.channel_id, max(d.claimed_until) filter (where d.claimed_until > now()) as busy_until
  from alert_deliveries d join alert_events e on e.id = d.event_id
  where e.alert_id = $1 and e.state = 'raised' and d.attempts > 0 group by d.channel_id;

-- dropOlderPings
update alert_deliveries d set state = 'dropped', ended_at = now()
  from alert_events e where e.id = d.event_id and e.event = 'cycle_finished' and e.id < $1
  and d.state in ('standby', 'waiting');

-- noteReplicaAlert
update "replicas" set "last_alert_at" = now() where "id" = $1;

-- pruneAlerts
delete from alert_events where id in (
  select e.id from alert_events e where e.created_at < $1
  and not exists (select from alert_deliveries d where d.event_id = e.id and d.state in ('standby', 'waiting'))
  and not exists (select from alerts a where a.id = e.alert_id and a.closed_at is null)
  order by e.created_at limit $2);
delete from alerts where closed_at < $1;
delete from alert_silences where until < $1;
