/** Documents that a person left out on one replica, and took back. A trigger keeps their links in phase `excluded`. */
import { sql } from 'kysely';
import { leftOut } from '../domain/compare.ts';
import { DUE_AGAIN } from './retry.repo.ts';
import type { Db } from './tables.ts';

export interface Exclusion {
  readonly id: number;
  readonly phase: string;
  readonly excluded_at: Date | null;
  readonly excluded_reason: string | null;
  readonly excluded_by: string | null;
}

/** Undefined: this replica has no link for that document. */
export function exclusionOf(db: Db, replicaId: number, masterDocId: number): Promise<Exclusion | undefined> {
  return ofDocument(db, replicaId, masterDocId).executeTakeFirst();
}

/** The same, held until the transaction ends. */
export function lockExclusion(trx: Db, replicaId: number, masterDocId: number): Promise<Exclusion | undefined> {
  return ofDocument(trx, replicaId, masterDocId).forUpdate().executeTakeFirst();
}

const ofDocument = (db: Db, replicaId: number, masterDocId: number) =>
  db
    .selectFrom('sync_map')
    .select(['id', 'phase', 'excluded_at', 'excluded_reason', 'excluded_by'])
    .where('replica_id', '=', replicaId)
    .where('master_doc_id', '=', masterDocId);

/** What was found in it and is not decided waits for its return; of findings that is noted, and taken back with it. */
export async function excludeLink(trx: Db, linkId: number, reason: string, by: string): Promise<void> {
  // A new sequence number: what was proven of it, and what is being compared, holds no more.
  await sql`update sync_map set excluded_at = now(), excluded_reason = ${reason}, excluded_by = ${by},
      dirty_seq = nextval('dirty_seq') where id = ${linkId}`.execute(trx);
  await sql`update findings set state = 'accepted', reason = ${FINDING_REST}
    where link_id = ${linkId} and state in ('open', 'repairing')`.execute(trx);
  await sql`update conflicts set state = 'gone', decided_at = now()
    where link_id = ${linkId} and state = 'open'`.execute(trx);
}

const FINDING_REST = 'The document is excluded on this replica.';

/** Due as if new. So are documents of which it is said that they cannot link to it. Returns how many those are. */
export async function includeLink(trx: Db, linkId: number): Promise<number> {
  await sql`update sync_map set excluded_at = null, excluded_reason = null, excluded_by = null, ${DUE_AGAIN}
    where id = ${linkId}`.execute(trx);
  await sql`update findings set state = 'open', reason = null
    where link_id = ${linkId} and state = 'accepted' and reason = ${FINDING_REST}`.execute(trx);
  const { rows } = await sql<{ replica_id: number; master_doc_id: number }>`
    select replica_id, master_doc_id from sync_map where id = ${linkId}`.execute(trx);
  const [link] = rows;
  if (!link) return 0;
  const result = await sql`update sync_map set dirty_seq = nextval('dirty_seq')
    where replica_id = ${link.replica_id} and report <> '[]' and report::text like ${`%${leftOut(link.master_doc_id)}%`}
      and dirty_seq = applied_seq`.execute(trx);
  return Number(result.numAffectedRows ?? 0);
}
