import { sql, type Kysely } from 'kysely';

/** A replica becomes the master (E27, H5): what a promotion is at, and how documents were numbered before and after it. */
export const topology = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { rows } = await sql<{ name: string }>`select quote_ident(current_schema()) as name`.execute(db);
    for (const statement of [...TABLES, forgetUnmapped(rows[0]?.name ?? 'public'), ...REST])
      await sql.raw(statement).execute(db);
  },
};

const TABLES = [
  // "phase" is where it goes on after a crash. "replica_id" is the replica that becomes the master; its row goes with the switch,
  // so that this is no foreign key, and "replica_name", "new_master_url" stay. "old_master_token" is a Fernet token.
  // "stop_epoch" is the topology whose start every living process has to have seen before the promotion goes on.
  // "accepted_at": a person decided to go on without what could not be brought to its end. "waits_code", "waits_for": what
  // stands in the way. "drain_run": the cycle that ends what had begun. "left_open": what was not brought to its end, counted
  // by replica. "summary": what was done. "readmitted_as": the replica that the old master became.
  `create table promotions (
    id bigint generated always as identity primary key,
    phase text not null default 'freezing' check (phase in
      ('freezing', 'stopping', 'draining', 'settling', 'restoring', 'switching', 'switched', 'done', 'cancelled')),
    replica_id bigint not null,
    replica_name text not null,
    asked_by text not null,
    asked_at timestamptz not null default now(),
    stop_epoch bigint not null default 0,
    accepted_at timestamptz,
    accepted_by text,
    waits_code text,
    waits_for text,
    drain_run bigint,
    left_open jsonb,
    old_master_url text not null,
    old_master_token text not null,
    new_master_url text not null,
    switched_at timestamptz,
    finished_at timestamptz,
    summary jsonb,
    readmitted_as bigint,
    readmitted_at timestamptz
  )`,
  // One at a time.
  `create unique index promotions_open on promotions ((true)) where finished_at is null`,
  // Which document of the old master is which of the new one, as both were known at the switch. "old_modified": as last applied;
  // what the old master shows later was changed there since. "file_checksum", "file_md5", "file_size": of the file both had.
  `create table promotion_links (
    promotion_id bigint not null references promotions (id) on delete cascade,
    old_doc_id bigint not null,
    old_added text not null,
    old_modified text,
    new_doc_id bigint not null,
    new_added text not null,
    file_checksum text,
    file_md5 text,
    file_size bigint,
    primary key (promotion_id, old_doc_id),
    unique (promotion_id, new_doc_id)
  )`,
  // The same of tags, correspondents, types, paths and custom fields.
  `create table promotion_taxonomy (
    promotion_id bigint not null references promotions (id) on delete cascade,
    kind text not null,
    old_id bigint not null,
    new_id bigint not null,
    name text not null,
    primary key (promotion_id, kind, old_id),
    unique (promotion_id, kind, new_id)
  )`,
  // Documents on which old and new master part. "absent": the new one never got it; "behind": it lacks the last changes, or they
  // failed; "changed", "added", "deleted": on the old master after the switch, seen when it came back. "detail" is for people.
  `create table promotion_documents (
    promotion_id bigint not null references promotions (id) on delete cascade,
    kind text not null check (kind in ('absent', 'behind', 'changed', 'added', 'deleted')),
    old_doc_id bigint not null,
    new_doc_id bigint,
    detail text,
    noted_at timestamptz not null default now(),
    primary key (promotion_id, kind, old_doc_id)
  )`,
];

/**
 * Links of documents that the new master has not got are negative from one statement of the switch to the next. The runtime role
 * may delete no link; only these go, and only with the statement that notes the switch.
 */
const forgetUnmapped = (
  schema: string,
) => `create function forget_unmapped_links() returns trigger language plpgsql security definer set search_path = ${schema}, pg_temp as $$
    begin
      delete from sync_map where master_doc_id < 0;
      return null;
    end $$`;

const REST = [
  `create trigger promotions_switched after update on promotions
    for each row when (old.switched_at is null and new.switched_at is not null) execute function forget_unmapped_links()`,
  // The newest topology at whose start this process worked on nothing: no work of an earlier one goes on there.
  `alter table workers add column topology_epoch bigint not null default 0`,
  // "drain": only what had begun is brought to its end.
  `alter table sync_runs drop constraint sync_runs_mode_check,
    add constraint sync_runs_mode_check check (mode in ('sync', 'reconcile', 'resync', 'drain'))`,
];
