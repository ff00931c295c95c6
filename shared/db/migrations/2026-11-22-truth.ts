import { sql, type Kysely } from 'kysely';

/** What sweeps, replica-side edits, notes and the choices of each replica need (E10, E11, E19, E20, E21, E23). */
export const truth = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // A cycle that compares everything; on the cycle's row and on those of its replicas.
  `alter table sync_runs add column sweep boolean not null default false`,
  // reconcile and resync are replica runs, so that the one open run a replica is their lock (E29).
  `alter table sync_runs add column mode text not null default 'sync' check (mode in ('sync', 'reconcile', 'resync'))`,

  // What a person chose for this replica.
  `alter table replicas
    add column deletion_mode text not null default 'keep' check (deletion_mode in ('keep', 'trash', 'delete')),
    add column replace_files_on_v2 boolean not null default false,
    add column unknown_owner text not null default 'token_user' check (unknown_owner in ('token_user', 'unowned', 'skip')),
    add column conflict_policy text not null default 'master' check (conflict_policy in ('master', 'person')),
    add column restore_held_back boolean not null default false`,
  // Where the sweep of this replica stands: done up to this master id, null when none is under way.
  `alter table replicas
    add column last_sweep_at timestamptz,
    add column sweep_started_at timestamptz,
    add column sweep_position bigint`,

  `alter table master_state
    add column last_sweep_at timestamptz,
    add column sweep_count bigint not null default 0`,

  // Since when there is open work (E23), and a hash of the master's replicated fields as last swept: a document that rests
  // in the DLQ or is blocked becomes due again when that changes although its "modified" does not (E19).
  // "held_plan" keeps the values of a write that got no answer until two clean read-backs: a late write of ours is no edit (H18).
  `alter table sync_map
    add column dirty_since timestamptz default now(),
    add column master_hash text,
    add column held_plan jsonb`,
  `update sync_map set dirty_since = case when dirty_seq <> applied_seq then created_at end`,
  // Work is opened in many statements; none of them can forget to note since when.
  `create function note_open_work() returns trigger language plpgsql as $$
    begin
      if new.dirty_seq = new.applied_seq then new.dirty_since := null;
      elsif old.dirty_seq = old.applied_seq then new.dirty_since := now();
      end if;
      return new;
    end $$`,
  `create trigger sync_map_open_work before update of dirty_seq, applied_seq on sync_map
    for each row execute function note_open_work()`,

  // An edit, a deletion or a foreign version that somebody made on a replica (E21). Values as hashes; "shown" holds short
  // ones for people, document text never.
  `create table conflicts (
    id bigint generated always as identity primary key,
    replica_id bigint not null references replicas (id) on delete cascade,
    link_id bigint not null references sync_map (id) on delete cascade,
    master_doc_id bigint not null,
    replica_doc_id bigint,
    field text not null,
    base_hash text,
    replica_hash text,
    master_hash text,
    shown jsonb not null default '{}',
    state text not null default 'open' check (state in ('open', 'overwritten', 'keep_master', 'keep_replica', 'gone')),
    found_at timestamptz not null default now(),
    decided_at timestamptz
  )`,
  `create index conflicts_replica on conflicts (replica_id, id desc)`,
  `create index conflicts_link on conflicts (link_id)`,
  `create unique index conflicts_undecided on conflicts (link_id, field) where state in ('open', 'keep_master', 'keep_replica')`,

  // Which note of a copy stands for which of the master's: an imported one bears no mark (H17).
  `create table note_links (
    link_id bigint not null references sync_map (id) on delete cascade,
    master_note_id bigint not null,
    replica_note_id bigint not null,
    text_hash text not null,
    primary key (link_id, master_note_id)
  )`,
];
