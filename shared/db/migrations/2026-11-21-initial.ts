import { sql, type Kysely } from 'kysely';

/** The tables of product.md section 4 that the first release needs. Frozen: later changes are later migrations. */
export const initial = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  `create sequence dirty_seq as bigint`,

  `create table app_meta (
    key text primary key,
    value text not null
  )`,

  `create table settings (
    key text primary key,
    value text not null,
    updated_at timestamptz not null default now()
  )`,

  // One row a process start. Death is decided by observation of "beat", never by a clock (protocol section 2).
  `create table workers (
    id uuid primary key,
    role text not null,
    version text not null,
    started_at timestamptz not null default now(),
    beat bigint not null default 0,
    beat_at timestamptz not null default now(),
    dead boolean not null default false,
    lock_pid integer,
    lock_backend_start timestamptz
  )`,

  // What is known of the master: one row.
  `create table master_state (
    id smallint primary key default 1 check (id = 1),
    cursor_us bigint,
    topology_epoch bigint not null default 1,
    next_cycle_at timestamptz not null default now(),
    generation text,
    version text,
    is_superuser boolean,
    last_contact_at timestamptz,
    document_count bigint,
    high_water_id bigint,
    high_water_added text,
    error_code text,
    error_msg text,
    unconfirmed boolean not null default false
  )`,
  `insert into master_state default values`,

  `create table replicas (
    id bigint generated always as identity primary key,
    name text not null unique,
    url text not null,
    api_token text not null,
    enabled boolean not null default true,
    sync_interval_seconds integer,
    last_sync_ts timestamptz,
    consecutive_failures integer not null default 0,
    suspended_at timestamptz,
    suspended_reason text,
    last_alert_at timestamptz,
    created_at timestamptz not null default now(),
    paused_at timestamptz,
    pause_reason text,
    generation text,
    version text,
    token_user_id bigint,
    last_contact_at timestamptz,
    error_code text,
    error_msg text,
    asn_fence boolean not null default true,
    library_proven boolean not null default false,
    unconfirmed boolean not null default false,
    uploads_held text,
    document_count bigint,
    foreign_count bigint
  )`,

  // The link: one master document and its copy on one replica.
  `create table sync_map (
    id bigint generated always as identity primary key,
    replica_id bigint not null references replicas (id) on delete cascade,
    master_doc_id bigint not null,
    master_added text,
    master_modified text,
    feed_modified text,
    replica_doc_id bigint,
    replica_added text,
    replica_modified text,
    task_id text,
    status text not null default 'pending' check (status in ('pending', 'ok', 'error')),
    phase text not null default 'pending',
    error_code text,
    error_msg text,
    retry_count integer not null default 0,
    failed_at timestamptz,
    last_synced timestamptz,
    next_due_at timestamptz,
    dirty_seq bigint not null default nextval('dirty_seq'),
    applied_seq bigint not null default 0,
    dispatch_gen bigint not null default 0,
    dispatched_at timestamptz,
    lease_worker uuid,
    lease_epoch bigint not null default 0,
    topology_epoch bigint not null default 1,
    crash_count integer not null default 0,
    file_checksum text,
    file_md5 text,
    file_size bigint,
    stored_checksum text,
    plan jsonb,
    applied jsonb,
    report jsonb not null default '[]',
    hold_until timestamptz,
    clean_read_at timestamptz,
    locate boolean not null default false,
    unconfirmed boolean not null default false,
    verified_at timestamptz,
    verified_depth text,
    created_at timestamptz not null default now(),
    unique (replica_id, master_doc_id)
  )`,
  // H3: no two links own one replica document.
  `create unique index sync_map_replica_doc on sync_map (replica_id, replica_doc_id) where replica_doc_id is not null`,
  `create index sync_map_open on sync_map (replica_id, id) where dirty_seq <> applied_seq`,
  `create index sync_map_state on sync_map (replica_id, status, phase)`,
  // The dispatcher counts what is under way and resumes what was begun: both sets are small.
  `create index sync_map_dispatched on sync_map (replica_id) where dispatched_at is not null`,
  `create index sync_map_begun on sync_map (replica_id)
    where phase in ('sending', 'unknown', 'awaiting', 'claimed', 'finalising', 'linking', 'releasing')`,
  `create index sync_map_waiting on sync_map (replica_id) where error_code = 'link_target_missing'`,
  `create index sync_map_lease on sync_map (lease_worker) where lease_worker is not null`,
  `create index sync_map_master on sync_map (master_doc_id)`,

  // Every POST of a file has its row before its first byte (protocol invariant 4).
  `create table upload_attempts (
    id bigint generated always as identity primary key,
    link_id bigint not null references sync_map (id) on delete cascade,
    k integer not null,
    state text not null check (state in ('sending', 'unknown', 'awaiting', 'success', 'failure', 'refused')),
    marker text not null,
    reserved_asn bigint,
    sha256 text not null,
    md5 text not null,
    size bigint not null,
    file_name text not null,
    worker uuid not null,
    lease_epoch bigint not null,
    replica_date timestamptz,
    task_id text,
    success_doc_id bigint,
    posted_at timestamptz not null default now(),
    unknown_at timestamptz,
    started_seen_at timestamptz,
    terminal_at timestamptz,
    closed_at timestamptz,
    failure_code text,
    looks integer not null default 0,
    looked_at timestamptz,
    unique (link_id, k)
  )`,

  `create table taxonomy_links (
    id bigint generated always as identity primary key,
    replica_id bigint not null references replicas (id) on delete cascade,
    kind text not null,
    master_id bigint not null,
    replica_obj_id bigint,
    name text not null,
    state text not null check (state in ('creating', 'linked', 'ambiguous', 'failed')),
    created_by_us boolean not null default false,
    held_back jsonb,
    detail jsonb,
    error_msg text,
    updated_at timestamptz not null default now(),
    unique (replica_id, kind, master_id)
  )`,
  `create unique index taxonomy_links_replica on taxonomy_links (replica_id, kind, replica_obj_id)
    where replica_obj_id is not null`,

  `create table sync_runs (
    id bigint generated always as identity primary key,
    parent_run_id bigint references sync_runs (id) on delete cascade,
    replica_id bigint references replicas (id) on delete set null,
    kind text not null default 'replica' check (kind in ('cycle', 'replica')),
    triggered_by text not null,
    phase text not null default 'opening',
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    outcome text check (outcome in ('ok', 'partial', 'failed', 'timed_out', 'cancelled')),
    timed_out boolean not null default false,
    docs_total integer not null default 0,
    docs_synced integer not null default 0,
    docs_failed integer not null default 0,
    docs_held integer not null default 0,
    bytes bigint not null default 0,
    error_code text,
    error_msg text,
    error_side text,
    instance_faults integer not null default 0,
    lease_worker uuid,
    lease_epoch bigint not null default 0,
    dispatch_gen bigint not null default 0,
    dispatched_at timestamptz,
    context jsonb
  )`,
  // H13: one open run a replica, whoever opens it.
  `create unique index sync_runs_open on sync_runs (replica_id) where finished_at is null and kind = 'replica'`,
  `create index sync_runs_parent on sync_runs (parent_run_id)`,
  `create index sync_runs_unfinished on sync_runs (id) where finished_at is null`,

  // The change set of a run: which links it set out to bring up to date.
  `create table run_items (
    run_id bigint not null references sync_runs (id) on delete cascade,
    link_id bigint not null references sync_map (id) on delete cascade,
    chunk integer not null,
    kind text not null check (kind in ('upload', 'update')),
    state text not null default 'planned' check (state in ('planned', 'open', 'done', 'failed', 'held')),
    primary key (run_id, link_id)
  )`,
  `create index run_items_open on run_items (run_id, state, kind, link_id)`,
  `create index run_items_link on run_items (link_id)`,

  `create table logs (
    id bigint generated always as identity primary key,
    run_id bigint references sync_runs (id) on delete set null,
    replica_id bigint references replicas (id) on delete set null,
    level text not null check (level in ('info', 'warning', 'error')),
    message text not null,
    doc_id bigint,
    code text,
    created_at timestamptz not null default now(),
    search tsvector generated always as (to_tsvector('simple', message)) stored
  )`,
  `create index logs_created on logs (created_at desc, id desc)`,
  `create index logs_search on logs using gin (search)`,
  `create index logs_replica on logs (replica_id, id desc)`,
];
