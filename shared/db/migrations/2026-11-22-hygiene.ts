import { sql, type Kysely } from 'kysely';

/** The last look at how an instance is set up (E25), kept with its time for pages and metrics. */
export const hygiene = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // Findings as [{code, severity, what, fix}], the worst first; null: never looked at.
  `alter table replicas add column hygiene jsonb, add column hygiene_at timestamptz`,
  `alter table master_state add column hygiene jsonb, add column hygiene_at timestamptz`,
];
