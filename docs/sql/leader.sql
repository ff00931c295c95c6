-- shared/db/leader.repo.ts

-- takeLead
update "leader" set "worker_id" = $1, "since" = now() where "worker_id" = $2;
select "worker_id", "epoch" from "leader";
update leader set worker_id = $1, epoch = epoch + 1, since = now()
  where (worker_id is null or not exists (select 1 from workers w where w.id = leader.worker_id and not w.dead))
  and exists (select 1 from workers w where w.id = $2 and not w.dead for share)
  returning epoch;

-- resignLead
update "leader" set "worker_id" = $1, "since" = now() where "worker_id" = $2;

-- stillLeads
select 1 as one from leader where epoch = $1
  and ($2::uuid is null or worker_id = $3::uuid)
  and exists (select 1 from workers w where w.id = leader.worker_id and not w.dead) for share of leader;

-- currentLeader
select "workers"."id" as "worker_id", "workers"."role", "leader"."epoch", "leader"."since", "workers"."beat_at"
  from "leader"
  inner join "workers" on "workers"."id" = "leader"."worker_id"
  where "workers"."dead" = $1;
