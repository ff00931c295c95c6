-- shared/db/master.repo.ts

-- masterState
select * from "master_state";

-- updateMaster
update "master_state" set "version" = $1;

-- lockOpening
select * from "master_state" for update;

-- claimTick
update master_state set next_cycle_at = now() + make_interval(secs => $1)
  where next_cycle_at <= now();

-- capNextTick
update master_state set next_cycle_at = least(next_cycle_at, now() + make_interval(secs => $1));

-- setCursor
update "master_state" set "cursor_us" = $1;
