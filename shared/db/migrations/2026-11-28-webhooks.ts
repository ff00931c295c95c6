import { sql, type Kysely } from 'kysely';

/** Hints of the master that a document was added or changed (E24). */
export const webhooks = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  `create table webhook_events (
    id bigint generated always as identity primary key,
    -- Of the document on the master, as the hint named it; nothing is known of it yet.
    master_doc_id bigint not null check (master_doc_id > 0),
    -- As the hint said, else as the look found: whether a link for it was there before. "changed": not known.
    kind text not null default 'changed' check (kind in ('added', 'updated', 'changed')),
    -- pending: to be looked at; syncing: its links are marked as due; done: at rest on each replica that could be synced; left: a
    -- cycle or the sweep sees to it.
    state text not null default 'pending' check (state in ('pending', 'syncing', 'done', 'left')),
    -- The first of the hints that this row stands for, the last one, and how many they were.
    received_at timestamptz not null default now(),
    last_received_at timestamptz not null default now(),
    received_count integer not null default 1,
    -- The form of the body, and its fields by name: values only of what names the document, of the others their length.
    body text not null check (body in ('json', 'form', 'text', 'multipart', 'replay')),
    fields jsonb not null default '{}',
    -- Looks at the master that found nothing under this id, and when the next one is due.
    looks integer not null default 0,
    next_look_at timestamptz not null default now(),
    -- When the links of all replicas were marked: from here on nothing is lost with this row.
    marked_at timestamptz,
    ended_at timestamptz,
    outcome text check (outcome in ('applied', 'failed', 'deferred', 'not_there')),
    -- For people: what became of it, and what comes next.
    detail text,
    -- The cycle that carried it.
    run_id bigint references sync_runs (id) on delete set null
  )`,
  // One open hint a document: what comes in while it waits joins it.
  `create unique index webhook_events_pending on webhook_events (master_doc_id) where state = 'pending'`,
  `create index webhook_events_open on webhook_events (next_look_at) where state in ('pending', 'syncing')`,
  `create index webhook_events_document on webhook_events (master_doc_id, id)`,
  `create index webhook_events_run on webhook_events (run_id) where run_id is not null`,
  // How many hints came in this minute, over all processes.
  `create table webhook_rate (
    id smallint primary key default 1 check (id = 1),
    minute timestamptz not null default date_trunc('minute', now()),
    requests integer not null default 0
  )`,
  `insert into webhook_rate default values`,
];
