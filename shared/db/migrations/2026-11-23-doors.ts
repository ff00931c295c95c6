import { sql, type Kysely } from 'kysely';

/** Who may come in, and what operators did (S1, S7). */
export const doors = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // The one admin of AUTH_MODE=password. No row: nobody has set a password yet.
  `create table admin_account (
    id smallint primary key default 1 check (id = 1),
    -- scrypt with its costs and salt, never the password.
    password_hash text not null,
    changed_at timestamptz not null default now()
  )`,
  // Of browsers that logged in. The cookie holds 256 random bits, this table their SHA-256: a copy of it opens nothing.
  `create table sessions (
    token_hash text primary key,
    created_at timestamptz not null default now(),
    -- Written at most once a minute; too long ago and the session has ended.
    last_seen_at timestamptz not null default now(),
    -- The end whatever its use.
    expires_at timestamptz not null
  )`,
  `create index sessions_expiry on sessions (expires_at)`,
  // One row a guess at the password or the set-up code, written before it is judged; gone after a right one.
  `create table login_attempts (
    id bigint generated always as identity primary key,
    -- Address of the visitor, as far as a trusted proxy says.
    source text not null,
    at timestamptz not null default now()
  )`,
  `create index login_attempts_at on login_attempts (at)`,
  // For programs. SHA-256 of 256 random bits: such a text cannot be guessed, so a slow hash would only slow us.
  `create table api_keys (
    id bigint generated always as identity primary key,
    name text not null,
    key_hash text not null unique,
    -- The first characters, to tell keys apart.
    hint text not null,
    -- read: GET only.
    scope text not null check (scope in ('read', 'full')),
    created_at timestamptz not null default now(),
    created_by text not null,
    -- Written at most once a minute.
    last_used_at timestamptz,
    -- Kept, so that the audit log's names stay explained.
    revoked_at timestamptz
  )`,
  `create unique index api_keys_name on api_keys (lower(name)) where revoked_at is null`,
  // Every act of an operator: written before it is carried out, with the answer after it.
  `create table audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    -- Who: a name, and how it was proved (session, forward, key, none, command).
    actor text not null,
    via text not null,
    -- What: POST /api/replicas/:id/pause, login, passwd, ...
    action text not null,
    -- On what: the path with its ids, or a name.
    target text,
    -- The HTTP answer; null: the process ended before it was known.
    status smallint,
    request_id text,
    source text,
    -- Without secrets; null where not kept.
    before jsonb,
    after jsonb
  )`,
  `create index audit_log_at on audit_log (at)`,
];
