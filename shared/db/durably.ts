import { sql } from 'kysely';
import type { Db } from './tables.ts';

export async function durably<T>(db: Db, work: (trx: Db) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    // Whatever the server's default: an intent that a crash of the database forgets is no intent (H22).
    await sql`set local synchronous_commit = on`.execute(trx);
    return work(trx);
  });
}
