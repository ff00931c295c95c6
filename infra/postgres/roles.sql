-- Two roles on one database: a migrator that owns the schema, and a runtime role that the processes work with, which can
-- change no schema and deletes only where it has to. Run it as an administrator before "migrate", and again with the file
-- of each later release; it may be run as often as wanted. How: docs/operations.md, "Database roles".
--
--   psql -v migrator_password=... -v runtime_password=... -f roles.sql "postgres://admin@host/database"
--
-- The names are pngx_migrator and pngx_runtime unless -v migrator=... and -v runtime=... say otherwise. A password that
-- is not given stays as it is; \password sets it without leaving it in a shell's history.
\set ON_ERROR_STOP on
\if :{?migrator}
\else
\set migrator pngx_migrator
\endif
\if :{?runtime}
\else
\set runtime pngx_runtime
\endif

begin;
set local client_min_messages = warning;
set local pngx.migrator = :'migrator';
set local pngx.runtime = :'runtime';

do $$
declare
  migrator constant text := current_setting('pngx.migrator');
  runtime constant text := current_setting('pngx.runtime');
  login text;
begin
  if migrator = runtime then
    raise exception 'The migrator and the runtime role have to be two roles, not both %.', runtime;
  end if;
  foreach login in array array[migrator, runtime] loop
    if not exists (select from pg_roles where rolname = login) then
      execute format('create role %I login', login);
    end if;
  end loop;
  if exists (select from pg_roles where rolname = runtime and (rolsuper or rolcreaterole or rolcreatedb)) then
    raise exception 'The role % may do more than any grant can take from it: give the runtime a role of its own.', runtime;
  end if;
  if pg_has_role(runtime, migrator, 'member') then
    raise exception 'The role % is a member of %, and so may change the schema.', runtime, migrator;
  end if;
  -- Who hands objects to a role has to be a member of it; a superuser is one of all.
  if not pg_has_role(current_user, migrator, 'usage') then
    execute format('grant %I to %I', migrator, current_user);
  end if;
  execute format('grant connect, create, temporary on database %I to %I', current_database(), migrator);
  -- The queue adds jobs in batches through a temporary table.
  execute format('grant connect, temporary on database %I to %I', current_database(), runtime);
end $$;

\if :{?migrator_password}
alter role :"migrator" login password :'migrator_password';
\endif
\if :{?runtime_password}
alter role :"runtime" login password :'runtime_password';
\endif

-- PostgreSQL 14 lets everybody create tables in public.
revoke create on schema public from public;
revoke create on schema public from :"runtime";
grant usage, create on schema public to :"migrator";
grant usage on schema public to :"runtime";
create schema if not exists bullmq authorization :"migrator";
alter schema bullmq owner to :"migrator";
revoke all on schema bullmq from :"runtime";
grant usage on schema bullmq to :"runtime";

-- What later migrations add. Nothing of ours may be deleted until the list below says so.
alter default privileges for role :"migrator" in schema public grant select, insert, update on tables to :"runtime";
alter default privileges for role :"migrator" in schema public grant select, usage on sequences to :"runtime";
alter default privileges for role :"migrator" in schema bullmq grant select, insert, update, delete on tables to :"runtime";
alter default privileges for role :"migrator" in schema bullmq grant usage on sequences to :"runtime";

-- Kept in the database, so that "migrate" can call it when it has made the tables. What a table is not granted the
-- program never does to it: histories stay, links and tombstones end by a change of state. Rows that hang on a replica
-- go with its row, by foreign keys that need no right of the one who deletes it.
create or replace function public.pngx_grant_runtime(runtime text default :'runtime') returns void
language plpgsql set search_path = pg_catalog as $function$
declare
  entry record;
begin
  -- A copy of the database on another server may have no such role.
  if to_regrole(quote_ident(runtime)) is null then
    return;
  end if;
  -- Processes that start at once must not change the same entries of the catalogue.
  perform pg_advisory_xact_lock(hashtext('pngx_grant_runtime'));
  for entry in
    with list (name, rights) as (values
      ('acknowledgements',      'DELETE, INSERT, SELECT, UPDATE'),
      ('admin_account',         'INSERT, SELECT, UPDATE'),
      ('alert_deliveries',      'INSERT, SELECT, UPDATE'),
      ('alert_events',          'DELETE, INSERT, SELECT'),
      ('alert_silences',        'DELETE, INSERT, SELECT'),
      ('alerts',                'DELETE, INSERT, SELECT, UPDATE'),
      ('api_keys',              'INSERT, SELECT, UPDATE'),
      ('app_meta',              'DELETE, INSERT, SELECT, UPDATE'),
      ('audit_log',             'DELETE, INSERT, SELECT, UPDATE'),
      ('backups',               'DELETE, INSERT, SELECT'),
      ('conflicts',             'INSERT, SELECT, UPDATE'),
      ('findings',              'INSERT, SELECT, UPDATE'),
      ('leader',                'SELECT, UPDATE'),
      ('link_totals',           'SELECT'),
      ('login_attempts',        'DELETE, INSERT, SELECT'),
      ('logs',                  'DELETE, INSERT, SELECT'),
      ('master_absences',       'DELETE, INSERT, SELECT, UPDATE'),
      ('master_state',          'SELECT, UPDATE'),
      ('master_suspects',       'DELETE, INSERT, SELECT, UPDATE'),
      ('match_proposals',       'INSERT, SELECT, UPDATE'),
      ('note_links',            'DELETE, INSERT, SELECT, UPDATE'),
      ('notification_channels', 'DELETE, INSERT, SELECT, UPDATE'),
      ('promotions',            'INSERT, SELECT, UPDATE'),
      ('promotion_documents',   'INSERT, SELECT'),
      ('promotion_links',       'INSERT, SELECT'),
      ('promotion_taxonomy',    'INSERT, SELECT'),
      ('reconcile_rows',        'DELETE, INSERT, MAINTAIN, SELECT, UPDATE'),
      ('reconciliations',       'DELETE, INSERT, SELECT, UPDATE'),
      ('replacements',          'INSERT, SELECT, UPDATE'),
      ('replicas',              'DELETE, INSERT, SELECT, UPDATE'),
      ('request_pace',          'INSERT, SELECT, UPDATE'),
      ('request_slots',         'INSERT, SELECT, UPDATE'),
      ('run_items',             'DELETE, INSERT, MAINTAIN, SELECT, UPDATE'),
      ('sessions',              'DELETE, INSERT, SELECT, UPDATE'),
      ('settings',              'DELETE, INSERT, SELECT, UPDATE'),
      ('sync_map',              'INSERT, MAINTAIN, SELECT, UPDATE'),
      ('sync_runs',             'DELETE, INSERT, SELECT, UPDATE'),
      ('taxonomy_links',        'DELETE, INSERT, SELECT, UPDATE'),
      ('tombstones',            'INSERT, SELECT, UPDATE'),
      ('upload_attempts',       'DELETE, INSERT, SELECT, UPDATE'),
      ('verification_ledger',   'DELETE, INSERT, SELECT, UPDATE'),
      ('verifications',         'INSERT, SELECT, UPDATE'),
      ('version_attempts',      'DELETE, INSERT, SELECT, UPDATE'),
      ('version_links',         'DELETE, INSERT, SELECT, UPDATE'),
      ('webhook_events',        'DELETE, INSERT, SELECT, UPDATE'),
      ('webhook_rate',          'SELECT, UPDATE'),
      ('workers',               'DELETE, INSERT, SELECT, UPDATE'),
      ('dirty_seq',             'SELECT, USAGE'),
      ('kysely_migration',      'SELECT'),
      ('kysely_migration_lock', 'SELECT')
    ), wanted (class, rights) as (
      -- To tell the planner of what was just written in bulk, with ANALYZE; a right of its own since PostgreSQL 17.
      select to_regclass('public.' || name), case
          when current_setting('server_version_num')::int < 170000 then replace(rights, 'MAINTAIN, ', '')
          else rights end
        from list
      union all
      -- A backup notes where the counters of ids stand.
      select c.oid, 'SELECT, USAGE' from list join pg_depend d on d.refobjid = to_regclass('public.' || list.name)
        join pg_class c on c.oid = d.objid and c.relkind = 'S'
        where d.classid = 'pg_class'::regclass and d.deptype = 'i'
      union all
      -- The queue's own: jobs come and go. Its list of migrations is only read, and its relay is not used.
      select c.oid, case
          when c.relname like 'relay\_%' then ''
          when c.relname = 'migration' then 'SELECT'
          when c.relkind = 'S' then 'USAGE'
          else 'DELETE, INSERT, SELECT, UPDATE' end
        from pg_class c where c.relnamespace = to_regnamespace('bullmq') and c.relkind in ('r', 'p', 'S')
    )
    select format('%s %s', case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass) as what, rights
      from wanted join pg_class c on c.oid = wanted.class
      where rights is distinct from (
        select coalesce(string_agg(acl.privilege_type, ', ' order by acl.privilege_type), '')
          from aclexplode(c.relacl) acl where acl.grantee = to_regrole(quote_ident(runtime)))
  loop
    execute format('revoke all on %s from %I', entry.what, runtime);
    if entry.rights <> '' then
      execute format('grant %s on %s to %I', entry.rights, entry.what, runtime);
    end if;
  end loop;
end $function$;
alter function public.pngx_grant_runtime(text) owner to :"migrator";
revoke all on function public.pngx_grant_runtime(text) from public;

-- An installation that ran with one role until now: the migrator gets what that role made. Only names of ours are
-- touched, since others may share the schema public.
do $$
declare
  migrator constant text := current_setting('pngx.migrator');
  entry record;
begin
  for entry in
    -- All tables of ours stand in the function's list; its text is the one place for their names.
    with ours as (
      select c.oid, c.relname, c.relkind from pg_class c
        join pg_proc p on p.oid = 'public.pngx_grant_runtime(text)'::regprocedure
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'S')
          and position(format('(''%s'',', c.relname) in p.prosrc) > 0
      union all
      select c.oid, c.relname, c.relkind from pg_class c
        where c.relnamespace = 'bullmq'::regnamespace and c.relkind in ('r', 'p', 'S')
    )
    select format('%s %s', case relkind when 'S' then 'sequence' else 'table' end, oid::regclass) as what from ours
      -- The counter of a column moves with its table.
      where not exists (select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = ours.oid and d.deptype in ('a', 'i') and relkind = 'S')
    union
    select format('function %s', t.tgfoid::regprocedure) from pg_trigger t join ours on ours.oid = t.tgrelid
      where not t.tgisinternal
    union
    select format('function %s', oid::regprocedure) from pg_proc where pronamespace = 'bullmq'::regnamespace
    union
    select format('type %s', oid::regtype) from pg_type where typnamespace = 'bullmq'::regnamespace and typtype = 'e'
  loop
    execute format('alter %s owner to %I', entry.what, migrator);
  end loop;
end $$;

do $$ begin perform public.pngx_grant_runtime(); end $$;
commit;
