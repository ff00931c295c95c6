-- shared/db/dispatch.repo.ts

-- takeForDispatch
with due as (
  select s.id from run_items i join sync_map s on s.id = i.link_id
  where i.run_id = $1 and s.replica_id = $2 and i.state = 'open' and s.phase in ('sending', 'unknown', 'awaiting', 'claimed', 'finalising', 'releasing')
  and (s.next_due_at is null or s.next_due_at <= now())
  and (s.lease_worker is null or exists (select 1 from workers w where w.id = s.lease_worker and w.dead))
  and (s.dispatched_at is null or s.dispatched_at < now() - make_interval(secs => $3) or s.lease_worker is not null
  or exists (select 1 from workers w where w.id = s.dispatched_by and w.dead))
  and (s.crash_count < $4 or (
  s.id = (select min(x.id) from run_items xi join sync_map x on x.id = xi.link_id
  where xi.run_id = $5 and xi.state = 'open' and x.crash_count >= $6
  and (x.next_due_at is null or x.next_due_at <= now())
  and not exists (select 1 from workers w where w.id = x.lease_worker and not w.dead))
  and not exists (select 1 from sync_map o where o.id <> s.id and o.dispatched_at is not null
  and o.crash_count - case when o.lease_worker is null then 0 else 1 end >= $7
  and exists (select 1 from workers w where w.id = coalesce(o.lease_worker, o.dispatched_by) and not w.dead))))
  order by i.chunk >= 0, i.link_id limit $8 for update of s skip locked)
  update sync_map s set dispatch_gen = s.dispatch_gen + 1, dispatched_at = now(), dispatched_by = $9 from due where s.id = due.id
  returning s.id as "linkId", s.dispatch_gen as generation;
with due as (
  select s.id from run_items i join sync_map s on s.id = i.link_id
  where i.run_id = $1 and s.replica_id = $2 and i.state = 'open' and i.kind = $3 and not (s.phase in ('sending', 'unknown', 'awaiting', 'claimed', 'finalising', 'releasing')) and s.phase <> 'linking'
  and (s.next_due_at is null or s.next_due_at <= now())
  and (s.lease_worker is null or exists (select 1 from workers w where w.id = s.lease_worker and w.dead))
  and (s.dispatched_at is null or s.dispatched_at < now() - make_interval(secs => $4) or s.lease_worker is not null
  or exists (select 1 from workers w where w.id = s.dispatched_by and w.dead))
  and (s.crash_count < $5 or (
  s.id = (select min(x.id) from run_items xi join sync_map x on x.id = xi.link_id
  where xi.run_id = $6 and xi.state = 'open' and x.crash_count >= $7
  and (x.next_due_at is null or x.next_due_at <= now())
  and not exists (select 1 from workers w where w.id = x.lease_worker and not w.dead))
  and not exists (select 1 from sync_map o where o.id <> s.id and o.dispatched_at is not null
  and o.crash_count - case when o.lease_worker is null then 0 else 1 end >= $8
  and exists (select 1 from workers w where w.id = coalesce(o.lease_worker, o.dispatched_by) and not w.dead))))
  order by i.chunk >= 0, i.link_id limit $9 for update of s skip locked)
  update sync_map s set dispatch_gen = s.dispatch_gen + 1, dispatched_at = now(), dispatched_by = $10 from due where s.id = due.id
  returning s.id as "linkId", s.dispatch_gen as generation;
with due as (
  select s.id from run_items i join sync_map s on s.id = i.link_id
  where i.run_id = $1 and s.replica_id = $2 and i.state = 'open' and s.phase = 'linking'
  and (s.next_due_at is null or s.next_due_at <= now())
  and (s.lease_worker is null or exists (select 1 from workers w where w.id = s.lease_worker and w.dead))
  and (s.dispatched_at is null or s.dispatched_at < now() - make_interval(secs => $3) or s.lease_worker is not null
  or exists (select 1 from workers w where w.id = s.dispatched_by and w.dead))
  and (s.crash_count < $4 or (
  s.id = (select min(x.id) from run_items xi join sync_map x on x.id = xi.link_id
  where xi.run_id = $5 and xi.state = 'open' and x.crash_count >= $6
  and (x.next_due_at is null or x.next_due_at <= now())
  and not exists (select 1 from workers w where w.id = x.lease_worker and not w.dead))
  and not exists (select 1 from sync_map o where o.id <> s.id and o.dispatched_at is not null
  and o.crash_count - case when o.lease_worker is null then 0 else 1 end >= $7
  and exists (select 1 from workers w where w.id = coalesce(o.lease_worker, o.dispatched_by) and not w.dead))))
  order by i.chunk >= 0, i.link_id limit $8 for update of s skip locked)
  update sync_map s set dispatch_gen = s.dispatch_gen + 1, dispatched_at = now(), dispatched_by = $9 from due where s.id = due.id
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
