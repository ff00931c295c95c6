import { sql, type Kysely } from 'kysely';

/** What is missing on the master, what became of its copies, and what a person has to say about it (E20, H2, H4, H15, H24). */
export const deletions = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // Linked documents that the master's list does not show. Written only from clean answers under a superuser's token that
  // was proven before and after; a document that comes back loses its row.
  `create table master_absences (
    master_doc_id bigint primary key,
    state text not null check (state in ('trashed', 'absent')),
    since timestamptz not null default now(),
    seen_in_trash boolean not null default false,
    newest boolean not null default false,
    trashed_sweeps integer not null default 0,
    absent_sweeps integer not null default 0,
    last_sweep_run bigint,
    last_run bigint not null
  )`,
  `comment on column master_absences.seen_in_trash is 'seen in the master''s trash at any time: positive evidence of a deletion'`,
  `comment on column master_absences.newest is 'its id is above all that are there: a restored backup looks the same'`,
  `comment on column master_absences.trashed_sweeps is 'sweep cycles that saw it in the trash'`,
  `comment on column master_absences.absent_sweeps is 'sweep cycles in a row that saw it neither in the list nor in the trash'`,
  `comment on column master_absences.last_sweep_run is 'the last sweep cycle that was counted'`,
  `comment on column master_absences.last_run is 'the last cycle that looked'`,

  // What makes the master look restored or replaced. Nothing is deleted while one is unconfirmed; many suspend the master.
  `create table master_suspects (
    kind text not null check (kind in ('missing', 'identity', 'reused', 'rollback')),
    master_doc_id bigint not null,
    known text,
    seen text,
    run_id bigint,
    found_at timestamptz not null default now(),
    confirmed_at timestamptz,
    primary key (kind, master_doc_id)
  )`,
  `comment on column master_suspects.known is 'time as remembered: "added", for a rollback "modified"'`,
  `comment on column master_suspects.seen is 'the same as the master shows it now'`,

  `alter table master_state
    add column suspended_code text,
    add column suspended_reason text,
    add column suspended_at timestamptz,
    add column last_sweep_run bigint,
    add column deletions_from_sweep bigint not null default 0`,
  `comment on column master_state.suspended_code is 'why cycles fail until a person confirms, or null'`,
  `comment on column master_state.last_sweep_run is 'the sweep cycle that was counted last'`,
  `comment on column master_state.deletions_from_sweep is 'no deletion before sweep_count has reached this (set when our own database was restored)'`,

  `alter table replicas
    add column deletions_held text,
    add column deletions_held_at timestamptz,
    add column deletions_held_count integer not null default 0,
    add column deletions_approved integer not null default 0,
    add column deletions_acknowledged_at timestamptz`,
  `comment on column replicas.deletions_held is 'why no copy is deleted until a person acknowledges, or null'`,
  `comment on column replicas.deletions_held_count is 'how many would go'`,
  `comment on column replicas.deletions_approved is 'how many a person let go, counted from deletions_acknowledged_at'`,

  // Kept for ever: what was taken from a replica, why, and how to get it back.
  `create table tombstones (
    id bigint generated always as identity primary key,
    replica_id bigint not null references replicas (id) on delete cascade,
    link_id bigint references sync_map (id) on delete set null,
    master_doc_id bigint not null,
    master_added text,
    replica_doc_id bigint not null,
    replica_added text,
    asn bigint,
    checksum text,
    reason text not null check (reason in ('trashed_on_master', 'absent_on_master', 'surplus', 'replaced')),
    state text not null default 'planned'
      check (state in ('planned', 'asn_cleared', 'trashed', 'purge_due', 'purged', 'restored', 'undone', 'cancelled', 'released')),
    detail text,
    planned_run bigint,
    trashed_run bigint,
    planned_at timestamptz not null default now(),
    asn_cleared_at timestamptz,
    trashed_at timestamptz,
    purge_due_at timestamptz,
    purged_at timestamptz,
    undo_asked_at timestamptz,
    closed_at timestamptz
  )`,
  `comment on column tombstones.asn is 'the archive serial number of the copy before it was set to null'`,
  `comment on column tombstones.detail is 'what else is to be said of its end'`,
  `comment on column tombstones.trashed_run is 'the run that trashed it: a purge needs a clean sweep that began later'`,
  `comment on column tombstones.closed_at is 'when it was purged, restored, undone, cancelled or released'`,
  `create index tombstones_replica on tombstones (replica_id, id desc)`,
  `create index tombstones_recent on tombstones (replica_id, planned_at)`,

  `alter table sync_map
    add column tombstone_id bigint references tombstones (id) on delete set null,
    add column kept_at timestamptz`,
  `comment on column sync_map.tombstone_id is 'the deletion of this copy that is planned or done, while the copy can still come back'`,
  `comment on column sync_map.kept_at is 'a person undid its deletion: not planned again until the master''s document has come back'`,
  `create index sync_map_tombstone on sync_map (replica_id) where tombstone_id is not null`,
  `create index sync_map_gone on sync_map (master_doc_id) where phase = 'gone'`,
];
