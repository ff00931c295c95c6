-- shared/db/webhook-events.repo.ts

-- takeHint
insert into webhook_events as e (master_doc_id, kind, body, fields, next_look_at)
  values ($1, $2, $3, $4::jsonb, now() + make_interval(secs => $5))
  on conflict (master_doc_id) where state = 'pending' do update set
  received_count = e.received_count + 1, last_received_at = now(), body = excluded.body, fields = excluded.fields,
  kind = case when excluded.kind = 'changed' then e.kind else excluded.kind end,
  looks = 0, next_look_at = least(e.next_look_at, now() + make_interval(secs => $6))
  returning id, received_count;

-- countRequest
update webhook_rate set
  requests = case when minute = date_trunc('minute', now()) then requests + 1 else 1 end, minute = date_trunc('minute', now())
  returning requests;

-- dueHints
select e.id, e.master_doc_id, e.received_count, e.looks,
  exists (select 1 from sync_map s where s.master_doc_id = e.master_doc_id) as known
  from webhook_events e where e.state = 'pending' and e.next_look_at <= now()
  order by e.next_look_at, e.id limit $1;

-- startHints
update webhook_events e set state = 'syncing', marked_at = now(),
  kind = case when e.kind <> 'changed' then e.kind when h.known then 'updated' else 'added' end
  from unnest($1::bigint[], $2::int[],
  $3::boolean[]) as h (id, received_count, known)
  where e.id = h.id and e.state = 'pending' and e.received_count = h.received_count returning e.id;

-- lookAgain
update webhook_events set looks = looks + 1, next_look_at = now() + make_interval(secs => $1),
  detail = 'The master does not show this document yet.'
  where id = $2 and state = 'pending' and received_count = $3;

-- endHint
update webhook_events set state = $1, outcome = $2, detail = $3, ended_at = now()
  where id = $4 and state in ('pending', 'syncing') and ($5::int is null or received_count = $6::int)
  returning id;

-- markHinted
update sync_map set dirty_seq = nextval('dirty_seq')
  where master_doc_id = any($1::bigint[]) and status <> 'error' and phase <> 'gone' and tombstone_id is null
  and excluded_at is null;

-- waitingLinks
select e.id as event_id, s.replica_id from webhook_events e
  join sync_map s on s.master_doc_id = e.master_doc_id
  where e.state = 'syncing' and s.dirty_seq <> s.applied_seq and s.phase <> 'failed'
  and (s.replica_doc_id is not null or not exists (select 1 from match_proposals p where p.link_id = s.id and p.state = 'open'))
  and coalesce((select i.state from run_items i where i.link_id = s.id order by i.run_id desc limit 1), 'done') <> 'held' order by e.id, s.replica_id;

-- replicasInNeed
select distinct s.replica_id as id from webhook_events e
  join sync_map s on s.master_doc_id = e.master_doc_id
  where e.state = 'syncing' and s.dirty_seq <> s.applied_seq and s.phase <> 'failed'
  and (s.replica_doc_id is not null or not exists (select 1 from match_proposals p where p.link_id = s.id and p.state = 'open'))
  and coalesce((select i.state from run_items i where i.link_id = s.id order by i.run_id desc limit 1), 'done') <> 'held' and (s.next_due_at is null or s.next_due_at <= now()) and not exists (
  select 1 from run_items i join sync_runs r on r.id = i.run_id
  where i.link_id = s.id and i.state in ('open', 'planned') and r.finished_at is null)
  order by s.replica_id;

-- replicasInTrouble
select r.id from replicas r
  where coalesce((select x.outcome = 'failed' or x.outcome = 'cancelled' and x.error_msg is null from sync_runs x
  where x.replica_id = r.id and x.kind = 'replica' and x.finished_at is not null order by x.id desc limit 1), false);

-- planHinted
insert into run_items as i (run_id, link_id, chunk, kind, state)
  select $1, s.id, $2::int,
  case when s.replica_doc_id is null then 'upload' else 'update' end, $3
  from sync_map s where s.replica_id = $4 and s.dirty_seq <> s.applied_seq and s.phase <> 'failed'
  and (s.replica_doc_id is not null or not exists (select 1 from match_proposals p where p.link_id = s.id and p.state = 'open'))
  and coalesce((select i.state from run_items i where i.link_id = s.id order by i.run_id desc limit 1), 'done') <> 'held' and (s.next_due_at is null or s.next_due_at <= now())
  and exists (select 1 from webhook_events e where e.state = 'syncing' and e.master_doc_id = s.master_doc_id)
  order by s.id
  on conflict (run_id, link_id) do update set state = excluded.state, chunk = excluded.chunk
  where i.state in ('done', 'failed') and excluded.state = 'open'
  returning 1;
select count(*) as "total" from "run_items" where "run_id" = $1;
update webhook_events e set run_id = coalesce(r.parent_run_id, r.id)
  from sync_runs r where r.id = $1 and e.state = 'syncing' and exists (
  select 1 from run_items i join sync_map s on s.id = i.link_id
  where i.run_id = r.id and s.master_doc_id = e.master_doc_id);

-- joinRun
select 1 from sync_runs
  where id = $1 and finished_at is null and phase = 'documents' for update;

-- syncingHints
select e.id, e.master_doc_id, e.received_count,
  e.marked_at < now() - make_interval(secs => $1) as overdue,
  coalesce(array_agg(r.name order by r.name) filter (where s.dirty_seq = s.applied_seq and s.status <> 'error' and s.excluded_at is null), '{}') as applied,
  coalesce(array_agg(r.name order by r.name) filter (where s.status = 'error'), '{}') as failed,
  coalesce(array_agg(r.name order by r.name) filter (where s.dirty_seq <> s.applied_seq and s.status <> 'error'), '{}') as open
  from webhook_events e left join sync_map s on s.master_doc_id = e.master_doc_id left join replicas r on r.id = s.replica_id
  where e.state = 'syncing' group by e.id order by e.id;

-- endIdleHintRuns
update sync_runs r set finished_at = now(), phase = 'closed', lease_worker = null, context = null,
  outcome = case when exists (select 1 from run_items i where i.run_id = r.id and i.state in ('open', 'planned')) then 'cancelled' when docs_failed > 0 then 'partial' else 'ok' end,
  error_msg = case when exists (select 1 from run_items i where i.run_id = r.id and i.state in ('open', 'planned')) then 'A cycle goes on with its documents.' end
  where r.replica_id = any($1::bigint[]) and r.finished_at is null and r.triggered_by = 'webhook'
  and r.phase = 'documents' and r.lease_worker is null and not exists (
  select 1 from run_items i join sync_map s on s.id = i.link_id
  where i.run_id = r.id and i.state = 'open' and s.lease_worker is not null);
update sync_runs c set finished_at = now(), phase = 'closed', lease_worker = null, context = null,
  outcome = case when exists (select 1 from sync_runs r where r.parent_run_id = c.id and r.outcome = 'cancelled')
  then 'cancelled' else 'ok' end
  where c.kind = 'cycle' and c.triggered_by = 'webhook' and c.finished_at is null and not exists (
  select 1 from sync_runs r where r.parent_run_id = c.id and r.finished_at is null);

-- hintRunsOpen
select 1 from sync_runs where replica_id = any($1::bigint[])
  and finished_at is null and triggered_by = 'webhook' limit 1;

-- listHints
select * from "webhook_events" order by "id" desc limit $1;
select *
  from "webhook_events"
  where "state" = $1
  and "master_doc_id" = $2
  and "id" < $3
  order by "id" desc
  limit $4;

-- findHint
select * from "webhook_events" where "id" = $1;

-- hintSummary
select max(last_received_at) filter (where body <> 'replay') as last_received_at,
  count(*) filter (where state = 'pending')::int as pending, count(*) filter (where state = 'syncing')::int as syncing,
  count(*) filter (where state = 'done')::int as done, count(*) filter (where state = 'left')::int as "left"
  from webhook_events;

-- pruneHints
delete from webhook_events where id in (
  select id from webhook_events where state in ('done', 'left') and last_received_at < $1 order by id limit $2)
  returning 1;
