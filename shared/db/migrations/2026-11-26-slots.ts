import { sql, type Kysely } from 'kysely';

/** Whether the last holder of a request slot gave it back: one that died may still have a request open at the instance (H12). */
export const slots = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(STATEMENT).execute(db);
  },
};

const STATEMENT =
  // Who has a slot is told by an advisory lock with this key (target * 64 + slot), never by this row. "held": taken and not given
  // back since. A lock that is free although its slot is "held" was lost with its session; from the moment that is first seen it
  // is left alone until "waits_until".
  `create table request_slots (
    slot_key integer primary key,
    held boolean not null,
    waits_until timestamptz
  )`;
