import { sql, type Kysely } from 'kysely';

/** A person leaves one document out on one replica, with a reason, until it is included again. */
export const excluded = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // Since when, why and by whom the document is left out on this replica; null: it is carried over like all others.
  `alter table sync_map
    add column excluded_at timestamptz,
    add column excluded_reason text check (length(excluded_reason) between 1 and 500),
    add column excluded_by text`,
  // Links are opened, failed and settled in many statements; none of them can forget that this one is left out: it is in phase
  // "excluded" and has no open work, whatever is written to it, so that no run of any release takes it up. Its attempts, its
  // intents and the hold after an unanswered write stay, for the look that follows when it is included again. Its name makes it
  // come before the triggers that look at open work.
  `create function keep_excluded() returns trigger language plpgsql as $$
    begin
      new.phase := 'excluded';
      new.status := 'pending';
      new.applied_seq := new.dirty_seq;
      new.error_code := null;
      new.error_msg := null;
      new.failed_at := null;
      new.next_due_at := null;
      return new;
    end $$`,
  `create trigger sync_map_excluded before insert or update on sync_map
    for each row when (new.excluded_at is not null) execute function keep_excluded()`,
];
