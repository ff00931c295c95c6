/** What people have said they know of: quiet on the dashboard until it is over. */
import type { Generated, Selectable } from 'kysely';
import type { Db } from './tables.ts';

export interface AcknowledgementsTable {
  key: string;
  reason: string;
  actor: string;
  acknowledged_at: Generated<Date>;
}
export type Acknowledgement = Selectable<AcknowledgementsTable>;

export function listAcknowledgements(db: Db): Promise<Acknowledgement[]> {
  return db.selectFrom('acknowledgements').selectAll().orderBy('key').execute();
}

export async function acknowledge(db: Db, row: { key: string; reason: string; actor: string }): Promise<void> {
  const { reason, actor } = row;
  await db
    .insertInto('acknowledgements')
    .values(row)
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ reason, actor, acknowledged_at: new Date() }))
    .execute();
}

/** It is over: the same trouble, should it come back, is news again. */
export async function forgetAcknowledgements(db: Db, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  await db
    .deleteFrom('acknowledgements')
    .where('key', 'in', [...keys])
    .execute();
}
