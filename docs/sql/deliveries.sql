-- shared/db/deliveries.repo.ts

-- takeDueDeliveries
update alert_deliveries set dispatched_at = now(), dispatch_gen = dispatch_gen + 1
  where id in (
  select id from alert_deliveries
  where state = 'waiting' and due_at <= now() and (claimed_until is null or claimed_until <= now())
  and (dispatched_at is null or dispatched_at < due_at
  or dispatched_at < now() - make_interval(secs => $1))
  order by due_at limit $2 for update skip locked)
  returning id, dispatch_gen as generation;

-- undispatchDeliveries
update alert_deliveries set dispatched_at = null where id = any($1::bigint[]);

-- claimDelivery
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
update alert_deliveries set attempts = attempts + 1, claimed_until = now() + make_interval(secs => $1)
  where id = $2 and state = 'waiting' and due_at <= now() and (claimed_until is null or claimed_until <= now())
  returning attempts, event_id, channel_id;
select * from "alert_events" where "id" = $1;
select * from "notification_channels" where "id" = $1;

-- endDelivered
update alert_deliveries set state = 'delivered', ended_at = now(), claimed_until = null, error_code = null,
  last_error = null, held_by = null where id = $1;

-- endFailed
update alert_deliveries set state = case when state = 'waiting' then $1 else state end,
  ended_at = coalesce(ended_at, now()), claimed_until = null, error_code = $2, last_error = $3
  where id = $4;

-- retryLater
update alert_deliveries set due_at = now() + make_interval(secs => $1),
  claimed_until = null, dispatched_at = null, error_code = $2, last_error = $3
  where id = $4 and state in ('waiting', 'dropped');

-- handBackDelivery
update alert_deliveries set attempts = attempts - 1, claimed_until = null, dispatched_at = null
  where id = $1 and attempts > 0;

-- releaseBackups
update alert_deliveries set state = 'waiting', due_at = greatest(due_at, now())
  where event_id = $1 and state = 'standby';

-- listDeliveries
select "d"."id", "d"."event_id", "e"."message_id", "e"."event", "e"."state" as "event_state", "e"."severity", "e"."title", "e"."message", "e"."replica_id", "d"."channel_id", "c"."name" as "channel", "d"."state", "d"."attempts", "d"."due_at", "d"."held_by", "d"."error_code", "d"."last_error", "d"."created_at", "d"."ended_at"
  from "alert_deliveries" as "d"
  inner join "alert_events" as "e" on "e"."id" = "d"."event_id"
  inner join "notification_channels" as "c" on "c"."id" = "d"."channel_id"
  order by "d"."id" desc
  limit $1;
select "d"."id", "d"."event_id", "e"."message_id", "e"."event", "e"."state" as "event_state", "e"."severity", "e"."title", "e"."message", "e"."replica_id", "d"."channel_id", "c"."name" as "channel", "d"."state", "d"."attempts", "d"."due_at", "d"."held_by", "d"."error_code", "d"."last_error", "d"."created_at", "d"."ended_at" from "alert_deliveries" as "d" inner join "alert_events" as "e" on "e"."id" = "d"."event_id" inner join "notification_channels" as "c" on "c"."id" = "d"."channel_id" where "d"."channel_id" = $1 and "d"."state" = $2 and "e"."event" = $3 and ((d.state = 'failed' and d.ended_at > now() - interval '7 days')
  or (d.state = 'waiting' and d.last_error is not null)) and "d"."id" < $4 order by "d"."id" desc limit $5;

-- findDelivery
select "d"."id", "d"."event_id", "e"."message_id", "e"."event", "e"."state" as "event_state", "e"."severity", "e"."title", "e"."message", "e"."replica_id", "d"."channel_id", "c"."name" as "channel", "d"."state", "d"."attempts", "d"."due_at", "d"."held_by", "d"."error_code", "d"."last_error", "d"."created_at", "d"."ended_at"
  from "alert_deliveries" as "d"
  inner join "alert_events" as "e" on "e"."id" = "d"."event_id"
  inner join "notification_channels" as "c" on "c"."id" = "d"."channel_id"
  where "d"."id" = $1;

-- retryFailedDelivery
update alert_deliveries set state = 'waiting', attempts = 0, due_at = now(),
  ended_at = null, dispatched_at = null, claimed_until = null where id = $1 and state = 'failed';

-- countUndelivered
select count(*)::int as count from alert_deliveries d
  where ((d.state = 'failed' and d.ended_at > now() - interval '7 days')
  or (d.state = 'waiting' and d.last_error is not null));
