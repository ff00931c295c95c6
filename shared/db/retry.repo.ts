/**
 * Work that a person makes due again. Only the link's own bookkeeping is reset: attempts, intents and the hold after an
 * unanswered write stay, so the next look still asks the instance what became of them.
 */
import { sql } from 'kysely';
import type { Db } from './tables.ts';

/** As if new: no attempts used, due at once. "pending" and not "failed", of which a run takes only the 50 oldest (E13). */
export const DUE_AGAIN = sql`dirty_seq = nextval('dirty_seq'), status = 'pending', phase = 'pending', retry_count = 0, crash_count = 0,
    next_due_at = null, failed_at = null`;

/** False: this replica has no link for that document, or it is excluded. */
export async function retryDocument(db: Db, replicaId: number, masterDocId: number): Promise<boolean> {
  const { rows } = await sql`update sync_map set ${DUE_AGAIN}
    where replica_id = ${replicaId} and master_doc_id = ${masterDocId} and excluded_at is null returning id`.execute(
    db,
  );
  return rows.length > 0;
}

export interface Retried {
  readonly replica_id: number;
  readonly documents: number;
}

/**
 * The same, and its file is looked at as if it were new: what differs goes the way of every changed file (a version on 3.x, the
 * guarded replacement on 2.20), and what does not is left alone. Only where a comparison found the file to differ.
 */
export async function replaceFileAgain(db: Db, replicaId: number, masterDocId: number): Promise<boolean> {
  const { rows } = await sql`update sync_map s set ${DUE_AGAIN}, recheck_file = true
    where s.replica_id = ${replicaId} and s.master_doc_id = ${masterDocId} and s.excluded_at is null and exists (
      select 1 from findings f where f.link_id = s.id and f.kind = 'file_differs' and f.state in ('open', 'repairing'))
    returning s.id`.execute(db);
  return rows.length > 0;
}

/**
 * A person wants what a comparison found put right now: its document is due as if new, and the finding is under repair, so that
 * it is compared again behind the run. False: it is over, or no copy stands behind it.
 */
export async function repairAtOnce(db: Db, findingId: number): Promise<boolean> {
  const { rows } = await sql`with asked as (
      update findings set state = 'repairing', round = round + 1, reason = null, repaired_at = null,
        repair_after_run = (select coalesce(max(r.id), 0) from sync_runs r)
      where id = ${findingId} and state in ('open', 'repairing') and link_id is not null
      returning link_id)
    update sync_map s set ${DUE_AGAIN}, recheck_file = true from asked where s.id = asked.link_id
    returning s.id`.execute(db);
  return rows.length > 0;
}

/** What failed or was given up, of one replica or (null) of all. Blocked documents wait for another cause. */
export async function retryFailed(db: Db, replicaId: number | null): Promise<Retried[]> {
  const { rows } = await sql<Retried>`with again as (
      update sync_map set ${DUE_AGAIN}
      where status = 'error' and phase in ('failed', 'dlq') and (${replicaId}::bigint is null or replica_id = ${replicaId}::bigint)
      returning replica_id)
    select replica_id, count(*)::int as documents from again group by replica_id order by replica_id`.execute(db);
  return rows;
}

/** Documents of a replica that are blocked for one of these reasons, which has just gone. */
export async function retryBlocked(db: Db, replicaId: number, codes: readonly string[]): Promise<number> {
  const result = await sql`update sync_map set ${DUE_AGAIN}
    where replica_id = ${replicaId} and status = 'error' and phase = 'blocked' and error_code = any(${codes}::text[])`.execute(
    db,
  );
  return Number(result.numAffectedRows ?? 0);
}

/** Copies that the replica had thrown away and that somebody has taken out of its trash since: they are live again. */
export async function retryRestored(db: Db, replicaId: number, liveIds: readonly number[]): Promise<number> {
  const result = await sql`update sync_map s set ${DUE_AGAIN}
    where s.replica_id = ${replicaId} and s.status = 'error' and s.phase = 'blocked'
      and s.error_code = 'trashed_by_replica'
      and (s.replica_doc_id = any(${liveIds}::bigint[]) or exists (
        select 1 from upload_attempts a where a.link_id = s.id and a.success_doc_id = any(${liveIds}::bigint[])))`.execute(
    db,
  );
  return Number(result.numAffectedRows ?? 0);
}

/** Documents of a replica whose report names this field: what was said of it may now be otherwise. */
export async function revisitReported(db: Db, replicaId: number, field: string): Promise<number> {
  const result = await sql`update sync_map set dirty_seq = nextval('dirty_seq')
    where replica_id = ${replicaId} and report @> ${JSON.stringify([{ field }])}::jsonb`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}
