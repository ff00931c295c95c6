import type { Db } from './tables.ts';

/** For what must be on the disk before the next step is taken (H22): each transaction of ours is when it ends (client.ts). */
export function durably<T>(db: Db, work: (trx: Db) => Promise<T>): Promise<T> {
  return db.transaction().execute(work);
}
