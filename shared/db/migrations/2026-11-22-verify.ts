import { sql, type Kysely } from 'kysely';

/** Verification (E22): receipts, the ledger of what was compared, findings, and the schedule of the nightly slice. */
export const verify = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // When the next nightly slice is due; null until the first tick sets it.
  `alter table master_state add column next_verify_at timestamptz`,

  // verified_at and verified_depth are those of the deepest comparison since the link last became dirty. Besides:
  //   checksum_at  the last time it was found equal at depth checksum or deeper, since it last became dirty
  //   bytes_at     the last time its bytes were read and found right, since its file last changed; the slice's order
  `alter table sync_map add column checksum_at timestamptz, add column bytes_at timestamptz`,
  `create index sync_map_bytes_at on sync_map (replica_id, bytes_at nulls first, id)`,
  `create index sync_map_checksum_at on sync_map (replica_id, checksum_at nulls first, id)`,
  // Links become dirty in many statements; none of them can forget that what was proven holds no more.
  `create function forget_verification() returns trigger language plpgsql as $$
    begin
      if new.dirty_seq is distinct from old.dirty_seq or new.replica_doc_id is distinct from old.replica_doc_id then
        new.verified_at := null;
        new.verified_depth := null;
        new.checksum_at := null;
      end if;
      if new.replica_doc_id is distinct from old.replica_doc_id or new.file_checksum is distinct from old.file_checksum
        or new.stored_checksum is distinct from old.stored_checksum then
        new.bytes_at := null;
      end if;
      return new;
    end $$`,
  `create trigger sync_map_forget_verification
    before update of dirty_seq, replica_doc_id, file_checksum, stored_checksum on sync_map
    for each row execute function forget_verification()`,

  // One verification of one replica and its receipt; of everything: a parent without a replica, and a child a replica.
  //   phase       list, fresh (slice: what changed since it was last verified), documents, again (what was busy or moved)
  //   checkpoint  the last link id that is done in this phase
  //   budget_ms, spent_ms  working time it may take (null: as long as it needs) and has taken, over all processes
  //   subset      the master token was not a superuser's: nothing was called verified
  //   faults      how often in a row an instance failed under it without any progress
  //   digest      SHA-256 of the receipt as CSV, by which a copy of it can be checked
  `create table verifications (
    id bigint generated always as identity primary key,
    parent_id bigint references verifications (id) on delete cascade,
    replica_id bigint references replicas (id) on delete cascade,
    scope text not null check (scope in ('document', 'replica', 'slice', 'repairs', 'everything')),
    depth text not null check (depth in ('list', 'metadata', 'checksum', 'bytes')),
    master_doc_id bigint,
    trigger text not null check (trigger in ('manual', 'cli', 'scheduler', 'repair')),
    asked_by text not null,
    state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'stopped', 'failed', 'cancelled')),
    phase text not null default 'list',
    checkpoint bigint not null default 0,
    requested_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    budget_ms bigint,
    spent_ms bigint not null default 0,
    compared bigint not null default 0,
    equal bigint not null default 0,
    derived bigint not null default 0,
    findings bigint not null default 0,
    skipped bigint not null default 0,
    bytes_read bigint not null default 0,
    master_documents bigint,
    replica_documents bigint,
    subset boolean not null default false,
    digest text,
    faults integer not null default 0,
    error_code text,
    error_msg text,
    lease_worker uuid,
    lease_epoch bigint not null default 0,
    dispatched_at timestamptz
  )`,
  `create index verifications_replica on verifications (replica_id, id desc)`,
  `create index verifications_parent on verifications (parent_id)`,
  `create index verifications_open on verifications (id) where finished_at is null`,

  // What was compared: a row for each document a verification looked at, hashes only (E8). The newest row of a link and a
  // depth says when it was last verified; older ones are the receipts of their verifications, kept as long as logs are.
  // No foreign key to the link: a receipt outlives it.
  //   depth    how deep the comparison went, which may be less than what was asked for (checksums of two families)
  //   outcome  equal, different, skipped (reason says why); "again" only while the verification runs
  //   master_file, copy_file      algorithm:hex as compared
  //   master_fields, copy_fields  fingerprint of all replicated fields, both in the replica's ids
  //   derived  the document has differences that do not count (report)
  `create table verification_ledger (
    verification_id bigint not null references verifications (id) on delete cascade,
    link_id bigint not null,
    master_doc_id bigint not null,
    replica_doc_id bigint,
    depth text not null,
    compared_at timestamptz not null,
    outcome text not null check (outcome in ('equal', 'different', 'skipped', 'again')),
    reason text,
    master_file text,
    copy_file text,
    master_fields text,
    copy_fields text,
    derived boolean not null default false,
    primary key (verification_id, link_id)
  )`,
  `create index verification_ledger_link on verification_ledger (link_id, depth, compared_at desc)`,
  `create index verification_ledger_again on verification_ledger (verification_id, link_id) where outcome = 'again'`,

  // What a verification found, one open row a matter; seen again, it is the same row.
  //   fields        field names with both values as hash and length; short ones may be shown, document text never
  //   round         how many repairs were tried; repair_after_run: the newest run when the last one was asked for
  //   reason        why it is still open after a repair, or how it ended
  `create table findings (
    id bigint generated always as identity primary key,
    replica_id bigint not null references replicas (id) on delete cascade,
    link_id bigint references sync_map (id) on delete cascade,
    master_doc_id bigint,
    replica_doc_id bigint,
    kind text not null,
    depth text not null,
    message text not null,
    hint text,
    fields jsonb not null default '[]',
    state text not null default 'open' check (state in ('open', 'repairing', 'repaired', 'accepted')),
    verification_id bigint not null references verifications (id) on delete cascade,
    last_verification_id bigint not null,
    found_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    round integer not null default 0,
    repair_after_run bigint,
    repaired_at timestamptz,
    verified_again_at timestamptz,
    verified_again_by bigint,
    reason text
  )`,
  `create unique index findings_one_matter on findings (replica_id, kind, coalesce(link_id, 0), coalesce(replica_doc_id, 0))
    where state <> 'repaired'`,
  `create index findings_replica on findings (replica_id, state, id desc)`,
  `create index findings_repairing on findings (replica_id) where state = 'repairing'`,
  `create index findings_seen on findings (last_verification_id)`,
  `create index findings_link on findings (link_id) where link_id is not null`,
];
