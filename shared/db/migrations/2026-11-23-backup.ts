import { sql, type Kysely } from 'kysely';

/** Backups of our own database (C2), and which programs can work with it (R4). */
export const backup = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // One row a look after a good cycle: "unchanged" looks write no file. "digest" is of the rows without their bookkeeping
  // times, "sha256" of the unpacked file.
  `create table backups (
    id bigint generated always as identity primary key,
    made_at timestamptz not null default now(),
    state text not null check (state in ('made', 'unchanged', 'failed')),
    file text,
    bytes bigint,
    row_count bigint,
    digest text,
    sha256 text,
    error_msg text
  )`,
];
