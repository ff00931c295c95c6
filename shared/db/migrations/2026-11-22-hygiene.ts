import { sql, type Kysely } from 'kysely';

/** What pages, API and metrics need besides: the last look at how an instance is set up (E25), and counts by day. */
export const hygiene = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // Findings as [{code, severity, what, fix}], the worst first; null: never looked at.
  `alter table replicas add column hygiene jsonb, add column hygiene_at timestamptz`,
  `alter table master_state add column hygiene jsonb, add column hygiene_at timestamptz`,
  // Documents of the change set that had failed before, for the statistics by day.
  `alter table sync_runs add column docs_retried integer not null default 0`,
];
