import { sql, type Kysely } from 'kysely';

/** Versions of files on 3.x (H9) and the replacement of files on 2.20 (H14). */
export const files = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // version_k: how many version uploads this link has begun; with 0 neither table below has rows of it. recheck_file: the
  // copy's checksum is read at the next look even if nothing moved. replacing: it has an unfinished row in replacements.
  `alter table sync_map
    add column version_k integer not null default 0,
    add column recheck_file boolean not null default false,
    add column replacing boolean not null default false`,

  // Someone has seen that this replica stores other bytes than were sent (H8): uploads to it do not wait again.
  `alter table replicas add column altered_acknowledged boolean not null default false`,

  // Every POST of a version has its row before its first byte (protocol invariant 4). replica_version_id: the row that came
  // of it. looks, looked_at: clean reads of the version list that showed nothing of it, since it ended or was lost sight of.
  `create table version_attempts (
    id bigint generated always as identity primary key,
    link_id bigint not null references sync_map (id) on delete cascade,
    k integer not null,
    state text not null check (state in ('sending', 'unknown', 'awaiting', 'success', 'failure', 'refused')),
    master_version_id bigint not null,
    label text not null,
    sha256 text not null,
    md5 text not null,
    size bigint not null,
    file_name text not null,
    worker uuid not null,
    lease_epoch bigint not null,
    replica_date timestamptz,
    task_id text,
    replica_version_id bigint,
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

  // Which version of the copy is which file of the master. sha256 and md5: of the bytes as the master has them, as far as
  // they were hashed; stored_checksum: as the replica keeps them (H8). superseded: a 2.20 master changed its file since.
  // removed: moved to the replica's trash by us, from where it can be brought back by its id.
  `create table version_links (
    id bigint generated always as identity primary key,
    link_id bigint not null references sync_map (id) on delete cascade,
    master_version_id bigint not null,
    replica_version_id bigint not null,
    sha256 text,
    md5 text,
    stored_checksum text not null,
    state text not null default 'current' check (state in ('current', 'superseded', 'removed')),
    created_at timestamptz not null default now(),
    unique (link_id, replica_version_id)
  )`,
  `create unique index version_links_current on version_links (link_id, master_version_id) where state = 'current'`,

  // One replacement of a file on a 2.20 replica: upload the new one, then retire the old copy. step: r1 uploading, r2
  // claimed, r3 fields written, r4 old ASN cleared, r5 ASN moved, r6 the link names the new copy, r7 links of others moved,
  // r8 old copy in the trash; done: finished; kept: finished, the old copy was left alone because it changed meanwhile;
  // abandoned: given up before r6. from_k: the last upload attempt before it. old_*: identity and checksum of the old copy
  // as seen when the replacement began; new_sha256, new_md5, new_size: of the bytes that were sent. A finished row names a retired copy, which can be restored if its bytes come back.
  `create table replacements (
    id bigint generated always as identity primary key,
    link_id bigint not null references sync_map (id) on delete cascade,
    replica_id bigint not null references replicas (id) on delete cascade,
    step text not null default 'r1'
      check (step in ('r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'done', 'kept', 'abandoned')),
    from_k integer not null,
    old_doc_id bigint not null,
    old_added text not null,
    old_checksum text not null,
    new_doc_id bigint,
    new_added text,
    new_checksum text,
    new_sha256 text,
    new_md5 text,
    new_size bigint,
    started_at timestamptz not null default now(),
    finished_at timestamptz
  )`,
  `create unique index replacements_open on replacements (link_id) where finished_at is null`,
  `create unique index replacements_new on replacements (replica_id, new_doc_id) where finished_at is null and new_doc_id is not null`,
  `create index replacements_old on replacements (replica_id, old_doc_id)`,
];
