import { sql, type Kysely } from 'kysely';

/** Pages that follow a run by themselves: whoever changes a run tells every api process. */
export const live = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};

const STATEMENTS = [
  // The channel is PROGRESS_CHANGED of shared/db/listen.ts. Equal notices of one transaction are sent once.
  `create function tell_progress() returns trigger language plpgsql as $$
    begin
      perform pg_notify('pngx_progress', new.id::text);
      return null;
    end $$`,
  `create trigger sync_runs_opened after insert on sync_runs for each row execute function tell_progress()`,
  // Only what people see: leases and hand-outs change far more often.
  `create trigger sync_runs_progress after update on sync_runs for each row
    when ((old.phase, old.finished_at, old.docs_total, old.docs_synced, old.docs_failed, old.docs_held)
      is distinct from (new.phase, new.finished_at, new.docs_total, new.docs_synced, new.docs_failed, new.docs_held))
    execute function tell_progress()`,
];
