/** Documents over all replicas, as people look for them: what they are waiting for, and who has them in hand. */
import { sql } from 'kysely';
import { HELD_CODES } from '../domain/lag.ts';
import { hasStatus, OWED, speaksOf, STATUS, unverifiedSince as isUnverified } from './link-conditions.ts';
import type { Db, DocumentStatus } from './tables.ts';

export interface FoundDocument {
  readonly link_id: number;
  readonly replica_id: number;
  readonly replica: string;
  readonly master_doc_id: number;
  readonly replica_doc_id: number | null;
  readonly status: DocumentStatus;
  readonly phase: string;
  readonly waiting: boolean;
  readonly waiting_since: Date | null;
  readonly error_code: string | null;
  readonly error_msg: string | null;
  readonly retry_count: number;
  readonly last_synced: Date | null;
  readonly next_due_at: Date | null;
  readonly verified_at: Date | null;
  readonly verified_depth: string | null;
  readonly file_size: number | null;
  /** Why a person left it out on this replica. */
  readonly excluded_reason: string | null;
  /** Handed to the queue then, as this generation of its job. */
  readonly dispatched_at: Date | null;
  readonly dispatch_gen: number;
  /** The process that works on it. */
  readonly lease_worker: string | null;
}

export interface DocumentSearch {
  readonly replicaIds: readonly number[];
  readonly masterDocId?: number | undefined;
  readonly replicaDocId?: number | undefined;
  /** In the change set of this run, or of one of the runs below it. */
  readonly runId?: number | undefined;
  readonly status?: DocumentStatus | undefined;
  readonly phases?: readonly string[] | undefined;
  readonly code?: string | undefined;
  readonly waiting?: boolean | undefined;
  readonly held?: boolean | undefined;
  /** In the queue, or in the hands of a process. */
  readonly inHand?: boolean | undefined;
  readonly unverifiedSince?: Date | undefined;
  readonly field?: string | undefined;
}

/** By the master's id, then by replica. `after` is the link of the last row that the caller has. */
export function searchDocuments(
  db: Db,
  search: DocumentSearch,
  page: { readonly after?: number | undefined; readonly limit: number },
): Promise<FoundDocument[]> {
  const { masterDocId, replicaDocId, runId, status, phases, code, waiting, held, inHand, unverifiedSince, field } =
    search;
  let query = db
    .selectFrom('sync_map as s')
    .innerJoin('replicas', 'replicas.id', 's.replica_id')
    .select(['s.id as link_id', 's.replica_id', 'replicas.name as replica', 's.master_doc_id', 's.replica_doc_id'])
    .select([STATUS.as('status'), 's.excluded_reason', 's.phase', 's.dirty_since as waiting_since'])
    .select(['s.error_code', 's.error_msg', 's.retry_count'])
    .select(['s.last_synced', 's.next_due_at', 's.verified_at', 's.verified_depth', 's.file_size'])
    .select(['s.dispatched_at', 's.dispatch_gen', 's.lease_worker'])
    .select(sql<boolean>`s.dirty_seq <> s.applied_seq`.as('waiting'))
    .where('s.replica_id', '=', sql<number>`any(${[...search.replicaIds]}::bigint[])`)
    .orderBy('s.master_doc_id')
    .orderBy('s.id')
    .limit(page.limit);
  if (masterDocId !== undefined) query = query.where('s.master_doc_id', '=', masterDocId);
  if (replicaDocId !== undefined) query = query.where('s.replica_doc_id', '=', replicaDocId);
  if (runId !== undefined)
    query = query.where(
      sql<boolean>`exists (select 1 from run_items i join sync_runs r on r.id = i.run_id
        where i.link_id = s.id and (r.id = ${runId} or r.parent_run_id = ${runId}))`,
    );
  if (status !== undefined) query = query.where(hasStatus(status));
  if (phases !== undefined) query = query.where('s.phase', 'in', [...phases]);
  if (code !== undefined) query = query.where('s.error_code', '=', code);
  if (waiting === true) query = query.where(OWED);
  if (waiting === false) query = query.whereRef('s.dirty_seq', '=', 's.applied_seq');
  if (held === true) query = query.where(OWED).where('s.error_code', 'in', [...HELD_CODES]);
  if (inHand === true)
    query = query.where((eb) => eb.or([eb('s.dispatched_at', 'is not', null), eb('s.lease_worker', 'is not', null)]));
  if (unverifiedSince !== undefined) query = query.where(isUnverified(unverifiedSince));
  if (field !== undefined) query = query.where(speaksOf(field));
  if (page.after !== undefined)
    query = query.where(
      sql<boolean>`(s.master_doc_id, s.id) > ((select master_doc_id from sync_map where id = ${page.after}), ${page.after})`,
    );
  return query.execute();
}
