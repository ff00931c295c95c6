import { sql, type Kysely } from 'kysely';

/** Alerts: where they go, what is open, what was said, and what became of each message (N1-N3). */
export const notifications = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  `create table notification_channels (
    id bigint generated always as identity primary key,
    name text not null,
    -- One of shared/notify; "settings": address and token stand in the settings alert_target_*, and nowhere else.
    kind text not null,
    -- A Fernet token of the channel's fields as JSON: addresses hold secrets, so all of them are sealed.
    config text not null,
    -- Where it leads, for people: a host or a receiver, without anything that opens it.
    shown text not null,
    enabled boolean not null default true,
    -- backup: fires when a primary fails, and always for what is critical.
    role text not null default 'primary' check (role in ('primary', 'backup')),
    -- Names of events that it is told of.
    events text[] not null,
    min_severity text not null default 'info' check (min_severity in ('info', 'warning', 'critical')),
    -- Least time between two messages about one replica and event; null: the setting alert_cooldown_seconds.
    cooldown_seconds integer check (cooldown_seconds between 0 and 604800),
    -- Whether it is told that something is over.
    send_recovery boolean not null default true,
    -- "22:00-06:00" in the time zone of the settings: only what is critical comes through.
    quiet_hours text,
    created_at timestamptz not null default now(),
    -- When it last took a message; null: nobody knows yet whether it works.
    confirmed_at timestamptz,
    -- Since its last good delivery; null: none failed since.
    failing_since timestamptz,
    last_error text
  )`,
  `create unique index notification_channels_name on notification_channels (lower(name))`,
  `create unique index notification_channels_settings on notification_channels (kind) where kind = 'settings'`,
  // One row each time that a trouble begins; what is open has no end yet.
  `create table alerts (
    id bigint generated always as identity primary key,
    -- The event and what it is about, such as "replica_suspended:3".
    key text not null,
    event text not null,
    replica_id bigint references replicas (id) on delete cascade,
    -- As far as it was told: a higher one is news (a count, or the id of a run).
    level bigint not null,
    opened_at timestamptz not null default now(),
    closed_at timestamptz
  )`,
  `create unique index alerts_open on alerts (key) where closed_at is null`,
  // What is to be said. Written together with its deliveries.
  `create table alert_events (
    id bigint generated always as identity primary key,
    -- The webhook-id of Standard Webhooks: the same at each attempt, so that receivers can drop a second copy.
    message_id text not null unique,
    alert_id bigint references alerts (id) on delete set null,
    event text not null,
    state text not null check (state in ('raised', 'recovered', 'info', 'test')),
    severity text not null check (severity in ('info', 'warning', 'critical')),
    replica_id bigint references replicas (id) on delete set null,
    title text not null,
    message text not null,
    -- Numbers, names and addresses for programs; no secrets, no document text.
    data jsonb not null default '{}',
    -- The cycle that a dead-man ping is about, and the day of a digest: each only once.
    run_id bigint,
    digest_day text,
    created_at timestamptz not null default now()
  )`,
  `create unique index alert_events_run on alert_events (event, run_id) where run_id is not null`,
  `create unique index alert_events_digest on alert_events (digest_day) where digest_day is not null`,
  `create index alert_events_created on alert_events (created_at)`,
  `create index alert_events_alert on alert_events (alert_id)`,
  // The outbox. At least once: a process may die between the sending and the note of it.
  `create table alert_deliveries (
    id bigint generated always as identity primary key,
    event_id bigint not null references alert_events (id) on delete cascade,
    channel_id bigint not null references notification_channels (id) on delete cascade,
    -- standby: of a backup, until a primary fails. dropped: over before it was due, or somebody took it back.
    state text not null check (state in ('standby', 'waiting', 'delivered', 'failed', 'dropped')),
    attempts integer not null default 0,
    due_at timestamptz not null default now(),
    -- Why it waits: "cooldown", "quiet hours", "silence 3"; null: it does not.
    held_by text,
    -- While a process sends it; passed: that process is gone, or was too slow.
    claimed_until timestamptz,
    dispatched_at timestamptz,
    -- Makes the id of each job its own.
    dispatch_gen integer not null default 0,
    error_code text,
    last_error text,
    created_at timestamptz not null default now(),
    -- When it came to its end, whichever.
    ended_at timestamptz,
    unique (event_id, channel_id)
  )`,
  `create index alert_deliveries_due on alert_deliveries (due_at) where state = 'waiting'`,
  `create index alert_deliveries_channel on alert_deliveries (channel_id, id desc)`,
  `create table alert_silences (
    id bigint generated always as identity primary key,
    -- Null: every event.
    event text,
    -- Null: every replica, and what is about none.
    replica_id bigint references replicas (id) on delete cascade,
    reason text not null check (length(reason) between 1 and 500),
    until timestamptz not null,
    created_by text not null,
    created_at timestamptz not null default now()
  )`,
];
