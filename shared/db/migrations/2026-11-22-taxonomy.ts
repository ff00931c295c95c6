import { sql, type Kysely } from 'kysely';

/** A link outlives its object on the master: what we made, and still is on the replica, is known as ours (E5). */
export const taxonomy = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // "gone": proven deleted on the master.
  `alter table taxonomy_links drop constraint taxonomy_links_state_check`,
  `alter table taxonomy_links add constraint taxonomy_links_state_check
    check (state in ('creating', 'linked', 'ambiguous', 'failed', 'gone'))`,
];
