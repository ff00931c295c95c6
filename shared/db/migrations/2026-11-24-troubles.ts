import { sql, type Kysely } from 'kysely';

/** Troubles on the dashboard that a person has acknowledged. */
export const troubles = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // "key" names the trouble: what it is about, its state and its error code. The row goes when the trouble is over. "reason" is
  // what the person wrote, "actor" who it was.
  `create table acknowledgements (
    key text primary key,
    reason text not null,
    actor text not null,
    acknowledged_at timestamptz not null default now()
  )`,
];
