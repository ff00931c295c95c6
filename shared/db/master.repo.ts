/** What is known of the master: one row. */
import { sql, type Selectable, type Updateable } from 'kysely';
import type { Db, MasterStateTable } from './tables.ts';

export type MasterState = Selectable<MasterStateTable>;

export function masterState(db: Db): Promise<MasterState> {
  return db.selectFrom('master_state').selectAll().executeTakeFirstOrThrow();
}

export async function updateMaster(db: Db, patch: Updateable<MasterStateTable>): Promise<void> {
  await db.updateTable('master_state').set(patch).execute();
}

/** Cycles are opened one after the other: whoever comes second sees what the first one opened. */
export async function lockOpening(db: Db): Promise<MasterState> {
  return db.selectFrom('master_state').selectAll().forUpdate().executeTakeFirstOrThrow();
}

/**
 * Claims the tick that is due and sets the next one; false if another process did, or it is not due. The truth of the
 * schedule is here, the queue's scheduler is only what wakes somebody up (protocol section 5).
 */
export async function claimTick(db: Db, intervalSeconds: number): Promise<boolean> {
  const result = await sql`update master_state set next_cycle_at = now() + make_interval(secs => ${intervalSeconds})
    where next_cycle_at <= now()`.execute(db);
  return Number(result.numAffectedRows ?? 0) > 0;
}

/** A shorter interval takes effect at once. */
export async function capNextTick(db: Db, intervalSeconds: number): Promise<void> {
  await sql`update master_state set next_cycle_at = least(next_cycle_at, now() + make_interval(secs => ${intervalSeconds}))`.execute(
    db,
  );
}

export async function setCursor(db: Db, cursorUs: number): Promise<void> {
  await db.updateTable('master_state').set({ cursor_us: cursorUs }).execute();
}
