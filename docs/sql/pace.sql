-- shared/db/pace.repo.ts

-- paceLimits
select r.requests_per_minute as "requestsPerMinute", r.max_bytes_per_second as "bytesPerSecond",
  greatest(0, coalesce(extract(epoch from p.refused_until - clock_timestamp()) * 1000, 0))::float8 as "refusedMs"
  from (select $1::bigint as target) t
  left join replicas r on r.id = t.target left join request_pace p on p.target = t.target;

-- grant
insert into request_pace as p (target, "requests_until") values ($1, clock_timestamp() + make_interval(secs => $2::float8))
  on conflict (target) do update set "requests_until" = greatest(p."requests_until", clock_timestamp()) + make_interval(secs => $3::float8)
  returning (extract(epoch from p."requests_until" - clock_timestamp()) * 1000)::float8 - $4::float8 as begins;
insert into request_pace as p (target, "bytes_until") values ($1, clock_timestamp() + make_interval(secs => $2::float8))
  on conflict (target) do update set "bytes_until" = greatest(p."bytes_until", clock_timestamp()) + make_interval(secs => $3::float8)
  returning (extract(epoch from p."bytes_until" - clock_timestamp()) * 1000)::float8 - $4::float8 as begins;

-- noteRefused
insert into request_pace as p (target, refused_until) values ($1, clock_timestamp() + make_interval(secs => $2::float8))
  on conflict (target) do update set refused_until = greatest(p.refused_until, excluded.refused_until);

-- refusedTargets
select target, refused_until as until from request_pace where refused_until > now() order by target;
