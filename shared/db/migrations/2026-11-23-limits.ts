import { sql, type Kysely } from 'kysely';

/** What keeps the controller gentle to each replica, and to its own disk (E8, E14). */
export const limits = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // What a person chose for this replica; null: no limit. Quiet hours are "22:00-06:00" in the time zone of the settings.
  `alter table replicas
    add column quiet_hours text check (quiet_hours ~ '^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$'),
    add column requests_per_minute integer check (requests_per_minute between 1 and 60000),
    add column max_bytes_per_second bigint check (max_bytes_per_second >= 16384)`,
  // The replica's own task list as last asked: when, how many unfinished uploads are not ours, since when the oldest waits (our
  // clock). "queue_foreign" is null while nothing is known.
  `alter table replicas
    add column queue_asked_at timestamptz,
    add column queue_foreign integer,
    add column queue_oldest_at timestamptz`,
  // One row an instance (0: the master): up to when requests and file bytes were granted to the processes, and until when the
  // instance asked to be left alone (429). No reference to replicas, since the row of one that was removed harms nobody.
  `create table request_pace (
    target bigint primary key,
    requests_until timestamptz not null default '-infinity',
    bytes_until timestamptz not null default '-infinity',
    refused_until timestamptz not null default '-infinity'
  )`,
  // Since when the scratch folder of this process has too little room for the next file; null: it has.
  `alter table workers add column scratch_full_since timestamptz`,
];
