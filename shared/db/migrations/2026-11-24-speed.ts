import { sql, type Kysely } from 'kysely';

/** Indexes for what people look at, measured with 200,000 links and 1,000,000 log lines (`npm run bench -- ui`). */
export const speed = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // The log by what it is about, newest first. Most lines are `info` and have no code: those are in neither index.
  `create index logs_run on logs (run_id, id desc) where run_id is not null`,
  `create index logs_document on logs (doc_id, id desc) where doc_id is not null`,
  `create index logs_trouble on logs (level, id desc) where level <> 'info'`,
  `create index logs_code on logs (code, id desc) where code is not null`,
  // The last run of each replica, the last cycle, and the sums of each day.
  `create index sync_runs_replica on sync_runs (replica_id, id desc) where kind = 'replica'`,
  `create index sync_runs_cycles on sync_runs (id desc) where kind = 'cycle'`,
  `create index sync_runs_started on sync_runs (started_at) where kind = 'replica'`,
  // Uploads whose outcome is not known yet are few among all that ever were.
  `create index upload_attempts_open on upload_attempts (link_id) where closed_at is null`,
];
