-- shared/db/alert-facts.repo.ts

-- alertFacts
with dlq as (select replica_id, count(*)::int as n from sync_map where (status <> 'ok' or phase <> 'ok') and phase = 'dlq' group by 1),
  edited as (select replica_id, count(*)::int as n from conflicts where state = 'open' group by 1),
  drifted as (select replica_id, count(*)::int as n from findings
  where state in ('open', 'repairing') and kind = any($1::text[]) group by 1)
  select r.id, r.name, r.url, r.enabled, r.paused_at, r.quiet_hours, r.suspended_at, r.suspended_reason,
  r.consecutive_failures, r.error_code, r.error_msg, r.last_sync_ts, r.sync_interval_seconds, r.deletions_held,
  r.deletions_held_at,
  exists (select from sync_runs o where o.replica_id = r.id and o.kind = 'replica' and o.finished_at is null
  and o.triggered_by <> 'webhook') as running,
  coalesce(dlq.n, 0) as dlq, coalesce(edited.n, 0) as conflicts, coalesce(drifted.n, 0) as drift,
  last.id as run_id, last.docs_failed, last.docs_synced
  from replicas r left join dlq on dlq.replica_id = r.id left join edited on edited.replica_id = r.id
  left join drifted on drifted.replica_id = r.id
  left join lateral (select id, docs_failed, docs_synced from sync_runs
  where replica_id = r.id and kind = 'replica' and finished_at is not null and triggered_by <> 'webhook'
  and outcome in ('ok', 'partial', 'timed_out') order by id desc limit 1) last on true
  order by r.id;

-- lastEndedCycle
select "id", "outcome", "error_msg"
  from "sync_runs"
  where "kind" = $1
  and "finished_at" is not null
  and "outcome" <> $2
  and "triggered_by" <> $3
  order by "id" desc
  limit $4;

-- webhookSilence
with heard as (select max(last_received_at) as last from webhook_events where body <> 'replay')
  select last from heard where last < now() - make_interval(hours => $1::int)
  and exists (select from settings where key = 'webhook_secret')
  and exists (select from sync_runs r where r.kind = 'replica' and r.triggered_by <> 'webhook' and not r.sweep
  and r.started_at > last + interval '1 hour' and r.docs_synced > 0);

-- digestFacts
select r.id, r.name, day.runs, day.failed_runs, day.synced, day.failed, day.retried,
  sweep.finished_at as sweep_at, sweep.docs_total as sweep_total, sweep.docs_synced as sweep_synced,
  sweep.docs_failed as sweep_failed, look.finished_at as verified_at, look.compared, look.equal, look.findings
  from replicas r
  left join lateral (select count(*)::int as runs, (count(*) filter (where outcome = 'failed'))::int as failed_runs,
  coalesce(sum(docs_synced), 0)::int as synced, coalesce(sum(docs_failed), 0)::int as failed,
  coalesce(sum(docs_retried), 0)::int as retried
  from sync_runs where replica_id = r.id and kind = 'replica' and started_at >= $1) day on true
  left join lateral (select finished_at, docs_total, docs_synced, docs_failed from sync_runs
  where replica_id = r.id and kind = 'replica' and sweep and finished_at is not null order by id desc limit 1) sweep on true
  left join lateral (select finished_at, compared, equal, findings from verifications
  where replica_id = r.id and finished_at is not null order by id desc limit 1) look on true
  order by r.id;
