-- shared/db/dispatch.repo.ts

-- takeForDispatch
with due as (
  select s.id from run_items i join sync_map s on s.id = i.link_id
  where i.run_id = $1 and s.replica_id = $2 and i.state = 'open' and s.phase in ('sending', 'unknown', 'awaiting', 'claimed', 'finalising', 'releasing')
  and (s.next_due_at is null or s.next_due_at <= now())
  and (s.lease_worker is null or exists (select 1 from workers w where w.id = s.lease_worker and w.dead))
  and (s.dispatched_at is null or s.dispatched_at < now() - make_interval(secs => $3) or s.lease_worker is not null
  or exists (select 1 from workers w where w.id = s.dispatched_by and w.dead))
  order by i.link_id limit $4 for update of s skip locked)
  update sync_map s set dispatch_gen = s.dispatch_gen + 1, dispatched_at = now(), dispatched_by = $5 from due where s.id = due.id
  returning s.id as "linkId", s.dispatch_gen as generation;
with due as (
  select s.id from run_items i join sync_map s on s.id = i.link_id
  where i.run_id = $1 and s.replica_id = $2 and i.state = 'open' and i.kind = $3 and not (s.phase in ('sending', 'unknown', 'awaiting', 'claimed', 'finalising', 'releasing')) and s.phase <> 'linking'
  and (s.next_due_at is null or s.next_due_at <= now())
  and (s.lease_worker is null or exists (select 1 from workers w where w.id = s.lease_worker and w.dead))
  and (s.dispatched_at is null or s.dispatched_at < now() - make_interval(secs => $4) or s.lease_worker is not null
  or exists (select 1 from workers w where w.id = s.dispatched_by and w.dead))
  order by i.link_id limit $5 for update of s skip locked)
  update sync_map s set dispatch_gen = s.dispatch_gen + 1, dispatched_at = now(), dispatched_by = $6 from due where s.id = due.id
  returning s.id as "linkId", s.dispatch_gen as generation;
with due as (
  select s.id from run_items i join sync_map s on s.id = i.link_id
  where i.run_id = $1 and s.replica_id = $2 and i.state = 'open' and s.phase = 'linking'
  and (s.next_due_at is null or s.next_due_at <= now())
  and (s.lease_worker is null or exists (select 1 from workers w where w.id = s.lease_worker and w.dead))
  and (s.dispatched_at is null or s.dispatched_at < now() - make_interval(secs => $3) or s.lease_worker is not null
  or exists (select 1 from workers w where w.id = s.dispatched_by and w.dead))
  order by i.link_id limit $4 for update of s skip locked)
  update sync_map s set dispatch_gen = s.dispatch_gen + 1, dispatched_at = now(), dispatched_by = $5 from due where s.id = due.id
  returning s.id as "linkId", s.dispatch_gen as generation;

-- undispatch
update sync_map set dispatched_at = null where id = any($1::bigint[]) and lease_worker is null;

-- inFlight
select
  (select count(*)::int from sync_map where replica_id = $1 and dispatched_at is not null
  and (lease_worker is not null or dispatched_at >= now() - make_interval(secs => $2))
  and not exists (select 1 from workers w where w.id = coalesce(lease_worker, dispatched_by) and w.dead)) as jobs,
  (select count(*)::int from sync_map where replica_id = $3
  and phase in ('sending', 'unknown', 'awaiting')) +
  (select count(*)::int from sync_map where replica_id = $4 and dispatched_at is not null
  and (lease_worker is not null or dispatched_at >= now() - make_interval(secs => $5))
  and not exists (select 1 from workers w where w.id = coalesce(lease_worker, dispatched_by) and w.dead)
  and replica_doc_id is null and phase not in ('sending', 'unknown', 'awaiting')) as uploads;

-- nextDue
select min(s.next_due_at) as due from run_items i join sync_map s on s.id = i.link_id
  where i.run_id = $1 and s.replica_id = $2 and i.state = 'open' and s.next_due_at > now()
  and s.phase in ('sending', 'unknown', 'awaiting', 'claimed', 'finalising', 'releasing');

-- onlyLinkingIsOpen
select exists (
  select 1 from run_items i join sync_map s on s.id = i.link_id
  where i.run_id = $1 and i.state in ('open', 'planned') and s.phase <> 'linking'
  and i.link_id is distinct from $2::bigint) as other;
