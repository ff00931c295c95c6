-- shared/db/admin.repo.ts

-- passwordHash
select "password_hash" from "admin_account";

-- setFirstPassword
start transaction isolation level read committed;
insert into "admin_account" ("password_hash") values ($1) on conflict ("id") do nothing;
delete from "app_meta" where "key" = $1;
commit;

-- resetPassword
start transaction isolation level read committed;
insert into "admin_account" ("password_hash")
  values ($1)
  on conflict ("id") do update
  set "password_hash" = $2, "changed_at" = now();
delete from "app_meta" where "key" = $1;
delete from "login_attempts";
delete from "sessions";
commit;

-- openSession
start transaction isolation level read committed;
insert into "admin_account" ("password_hash")
  values ($1)
  on conflict ("id") do update
  set "password_hash" = $2, "changed_at" = now();
delete from "app_meta" where "key" = $1;
delete from "login_attempts";
delete from "sessions";
commit;
select "id" from "admin_account" where "password_hash" = $1 for share;
delete from "sessions" where "token_hash" = $1;
insert into "sessions" ("token_hash", "expires_at") values ($1, now() + make_interval(secs => $2));

-- useSession
start transaction isolation level read committed;
insert into "admin_account" ("password_hash")
  values ($1)
  on conflict ("id") do update
  set "password_hash" = $2, "changed_at" = now();
delete from "app_meta" where "key" = $1;
delete from "login_attempts";
delete from "sessions";
commit;
select "id" from "admin_account" where "password_hash" = $1 for share;
delete from "sessions" where "token_hash" = $1;
insert into "sessions" ("token_hash", "expires_at") values ($1, now() + make_interval(secs => $2));
update "sessions" set "last_seen_at" = $1;
select last_seen_at < now() - interval '1 minute' as "stale"
  from "sessions"
  where "token_hash" = $1
  and "expires_at" > now()
  and "last_seen_at" > now() - make_interval(secs => $2);
update "sessions" set "last_seen_at" = now() where "token_hash" = $1;

-- endSession
delete from "sessions" where "token_hash" = $1;

-- countGuess
start transaction isolation level read committed;
select pg_advisory_xact_lock(hashtextextended('pngx login', 0));
select count(*) filter (where source = $1) as "of_source", count(*) as "overall", ceil(extract(epoch from min(at) - now() - make_interval(secs => $2))) as "wait"
  from "login_attempts"
  where "at" > now() - make_interval(secs => $3);
insert into "login_attempts" ("source") values ($1);
commit;

-- forgetGuesses
delete from "login_attempts" where "source" = $1;

-- pruneDoors
delete from sessions where expires_at < now() or last_seen_at < now() - make_interval(secs => $1);
delete from login_attempts where at < now() - interval '1 day';
delete from audit_log where at < now() - make_interval(days => $1);
