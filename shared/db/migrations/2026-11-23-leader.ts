import { sql, type Kysely } from 'kysely';

/** Who does what must happen once (R3), and who made the job of a row, so that a dead maker's jobs are made anew at once. */
export const leader = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // One row. It changes hands when nobody leads or the process in it was declared dead (protocol section 2, H12).
  //   worker_id  the process that leads; null after an orderly end
  //   epoch      +1 with every change of hands; whoever acts as leader names the epoch it was given
  //   since      when it changed hands last
  `create table leader (
    id smallint primary key default 1 check (id = 1),
    worker_id uuid,
    epoch bigint not null default 0,
    since timestamptz
  )`,
  `insert into leader default values`,

  // The process that set dispatched_at. Its death between that and the queue would else cost the wait for a lost job.
  `alter table sync_map add column dispatched_by uuid`,
  `alter table sync_runs add column dispatched_by uuid`,
  `alter table verifications add column dispatched_by uuid`,
];
