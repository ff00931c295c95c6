/** The one admin: password hash, browser sessions, and how often somebody guessed (S1). All times are the database's. */
import { sql } from 'kysely';
import { inTransaction } from './client.ts';
import type { Db } from './tables.ts';

export async function passwordHash(db: Db): Promise<string | undefined> {
  const row = await db.selectFrom('admin_account').select('password_hash').executeTakeFirst();
  return row?.password_hash;
}

/** The first password; false if another process or person was faster. The code that allowed it is used up with it. */
export function setFirstPassword(db: Db, hash: string, codeKey: string): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('admin_account')
      .values({ password_hash: hash })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirstOrThrow();
    if ((numInsertedOrUpdatedRows ?? 0n) === 0n) return false;
    await trx.deleteFrom('app_meta').where('key', '=', codeKey).execute();
    return true;
  });
}

/** A new password ends every session, whoever has one; answers how many. */
export function resetPassword(db: Db, hash: string, codeKey: string): Promise<number> {
  return inTransaction(db, async (trx) => {
    await trx
      .insertInto('admin_account')
      .values({ password_hash: hash })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ password_hash: hash, changed_at: sql`now()` }))
      .execute();
    await trx.deleteFrom('app_meta').where('key', '=', codeKey).execute();
    await trx.deleteFrom('login_attempts').execute();
    const ended = await trx.deleteFrom('sessions').executeTakeFirst();
    return Number(ended.numDeletedRows);
  });
}

/**
 * Begins a session, unless the password was changed since it was compared: the row is locked, so a reset under way is
 * waited for, and then the hash is another one. The session that the browser had before ends in the same statement.
 */
export function openSession(
  db: Db,
  session: { tokenHash: string; earlier: string | null; passwordHash: string; seconds: number },
): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const admin = await trx
      .selectFrom('admin_account')
      .select('id')
      .where('password_hash', '=', session.passwordHash)
      .forShare()
      .executeTakeFirst();
    if (admin === undefined) return false;
    if (session.earlier !== null) await trx.deleteFrom('sessions').where('token_hash', '=', session.earlier).execute();
    await trx
      .insertInto('sessions')
      .values({ token_hash: session.tokenHash, expires_at: sql`now() + make_interval(secs => ${session.seconds})` })
      .execute();
    return true;
  });
}

/** True while the session lasts; notes that it was used. */
export async function useSession(db: Db, tokenHash: string, idleSeconds: number): Promise<boolean> {
  const row = await db
    .selectFrom('sessions')
    .select(sql<boolean>`last_seen_at < now() - interval '1 minute'`.as('stale'))
    .where('token_hash', '=', tokenHash)
    .where('expires_at', '>', sql<Date>`now()`)
    .where('last_seen_at', '>', sql<Date>`now() - make_interval(secs => ${idleSeconds})`)
    .executeTakeFirst();
  if (row === undefined) return false;
  if (row.stale)
    await db.updateTable('sessions').set({ last_seen_at: sql`now()` }).where('token_hash', '=', tokenHash).execute();
  return true;
}

export async function endSession(db: Db, tokenHash: string): Promise<void> {
  await db.deleteFrom('sessions').where('token_hash', '=', tokenHash).execute();
}

export interface GuessLimits {
  readonly windowSeconds: number;
  readonly perSource: number;
  readonly overall: number;
}

/**
 * Counts a guess before it is judged, for all processes at once; null: it may be made, otherwise the seconds to wait.
 * Under a lock, since guesses sent at the same moment would all see room for one.
 */
export function countGuess(db: Db, source: string, limits: GuessLimits): Promise<number | null> {
  return inTransaction(db, async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('pngx login', 0))`.execute(trx);
    const since = sql<Date>`now() - make_interval(secs => ${limits.windowSeconds})`;
    const { of_source, overall, wait } = await trx
      .selectFrom('login_attempts')
      .select([
        sql<number>`count(*) filter (where source = ${source})`.as('of_source'),
        sql<number>`count(*)`.as('overall'),
        sql<number | null>`ceil(extract(epoch from min(at) - ${since}))`.as('wait'),
      ])
      .where('at', '>', since)
      .executeTakeFirstOrThrow();
    if (Number(of_source) >= limits.perSource || Number(overall) >= limits.overall)
      return Math.max(1, Number(wait ?? limits.windowSeconds));
    await trx.insertInto('login_attempts').values({ source }).execute();
    return null;
  });
}

export async function forgetGuesses(db: Db, source: string): Promise<void> {
  await db.deleteFrom('login_attempts').where('source', '=', source).execute();
}

/** What has no use any more (retention of all that grows). */
export async function pruneDoors(db: Db, idleSeconds: number, auditDays: number): Promise<void> {
  await sql`delete from sessions where expires_at < now() or last_seen_at < now() - make_interval(secs => ${idleSeconds})`.execute(
    db,
  );
  await sql`delete from login_attempts where at < now() - interval '1 day'`.execute(db);
  await sql`delete from audit_log where at < now() - make_interval(days => ${auditDays})`.execute(db);
}
