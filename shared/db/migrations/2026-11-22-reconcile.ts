import { sql, type Kysely } from 'kysely';

/** Matching copies anew (E17, E18), proposals for a person, and what is remembered of a replica's identity (E26, H2, H10). */
export const reconcile = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // Why uploads wait until a full reconcile of this replica has completed (H10), or null; until when that was last done.
  `alter table replicas add column reconcile_required text, add column reconciled_at timestamptz`,
  // Documents with a reserved number or marker that no attempt knows, but that a reconcile has looked at: they do not ask
  // for another one.
  `alter table replicas add column known_marks jsonb not null default '[]'`,
  // The highest id ever seen and when its document was added: a lower id that is added later was given out twice (H2).
  `alter table replicas add column high_water_id bigint, add column high_water_added text`,
  // So many missing copies were accepted by a person; only more than that suspends the replica again.
  `alter table replicas add column missing_accepted integer not null default 0`,
  // The copy that a link had before it was matched anew: the first candidate, and kept when the process dies in between.
  `alter table sync_map add column former_doc_id bigint, add column former_added text`,

  // One reconcile or resync: its run, and what came of it. Dry runs leave no row.
  `create table reconciliations (
    id bigint generated always as identity primary key,
    replica_id bigint not null references replicas (id) on delete cascade,
    run_id bigint,
    mode text not null check (mode in ('reconcile', 'resync')),
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    summary jsonb
  )`,
  `create index reconciliations_replica on reconciliations (replica_id, id desc)`,
  `create unique index reconciliations_run on reconciliations (run_id)`,

  // What both libraries hold, for as long as a reconcile takes. Titles and file names as hashes only.
  `create table reconcile_rows (
    scan_id bigint not null references reconciliations (id) on delete cascade,
    side text not null check (side in ('master', 'replica')),
    doc_id bigint not null,
    added text not null,
    asn bigint,
    title_key text not null,
    name_key text,
    -- Equal keys mean equal content: all versions of the file where both sides have them, else the newest.
    content_key text,
    root_hex text,
    newest_hex text,
    sha256 text,
    md5 text,
    -- Replica side: the master id whose reserved number or marker this document bears.
    marked_for bigint,
    bears_reserved boolean not null default false,
    -- Master side: its link, and the document that is or was its copy and still is that document.
    link_id bigint,
    former_id bigint,
    matched_to bigint,
    rule text,
    primary key (scan_id, side, doc_id)
  )`,
  `create index reconcile_rows_content on reconcile_rows (scan_id, content_key, side) where rule is null`,
  `create index reconcile_rows_root on reconcile_rows (scan_id, root_hex, side) where rule is null`,
  `create index reconcile_rows_asn on reconcile_rows (scan_id, asn, side) where rule is null and asn is not null`,
  `create index reconcile_rows_title on reconcile_rows (scan_id, title_key, side) where rule is null`,

  `create index reconcile_rows_name on reconcile_rows (scan_id, name_key, side) where rule is null`,
  `create index reconcile_rows_mark on reconcile_rows (scan_id, marked_for) where marked_for is not null`,
  `create index reconcile_rows_link on reconcile_rows (scan_id, link_id) where link_id is not null`,

  // Equal number, or equal title and date, but other bytes: a person says whether it is the copy (E17).
  `create table match_proposals (
    id bigint generated always as identity primary key,
    replica_id bigint not null references replicas (id) on delete cascade,
    link_id bigint not null references sync_map (id) on delete cascade,
    master_doc_id bigint not null,
    master_added text not null,
    replica_doc_id bigint not null,
    replica_added text not null,
    rule text not null check (rule in ('asn', 'title_created')),
    -- Short facts of both sides for people.
    shown jsonb not null default '{}',
    state text not null default 'open' check (state in ('open', 'accepted', 'rejected', 'linked', 'stale')),
    created_at timestamptz not null default now(),
    decided_at timestamptz,
    unique (replica_id, master_doc_id, master_added, replica_doc_id, replica_added)
  )`,
  `create index match_proposals_link on match_proposals (link_id)`,
];
