/** Documents as people look at them: those of one replica, and one document on all replicas. */
import { sql } from 'kysely';
import { HELD_CODES } from '../domain/lag.ts';
import type { FieldReport } from '../domain/report.ts';
import type { Depth } from '../domain/verification.ts';
import type { Tombstone } from './deletion-tables.ts';
import { hasStatus, OWED, speaksOf, STATUS, unverifiedSince } from './link-conditions.ts';
import type { AttemptState, Db, DocumentStatus, Finding } from './tables.ts';

export interface DocumentView {
  readonly master_doc_id: number;
  readonly replica_doc_id: number | null;
  readonly status: DocumentStatus;
  readonly phase: string;
  /** There is open work on it. */
  readonly waiting: boolean;
  readonly waiting_since: Date | null;
  readonly error_code: string | null;
  readonly error_msg: string | null;
  readonly retry_count: number;
  readonly failed_at: Date | null;
  readonly last_synced: Date | null;
  readonly next_due_at: Date | null;
  readonly verified_at: Date | null;
  readonly verified_depth: Depth | null;
  readonly file_checksum: string | null;
  readonly file_size: number | null;
  readonly report: FieldReport[];
  /** Left out by a person on this replica: since when, why, by whom. */
  readonly excluded_at: Date | null;
  readonly excluded_reason: string | null;
  readonly excluded_by: string | null;
}

export interface DocumentFilter {
  readonly replicaId: number;
  readonly status?: DocumentStatus | undefined;
  readonly phase?: string | undefined;
  readonly code?: string | undefined;
  readonly waiting?: boolean | undefined;
  readonly held?: boolean | undefined;
  /** Without those that left the master before they were ever uploaded: they are no documents of the library. */
  readonly present?: boolean | undefined;
  /** Not compared since then, or never. */
  readonly unverifiedSince?: Date | undefined;
  /** Something is said about this field. */
  readonly field?: string | undefined;
}

const documents = (db: Db) =>
  db
    .selectFrom('sync_map')
    .select(['master_doc_id', 'replica_doc_id', STATUS.as('status'), 'phase', 'error_code', 'error_msg'])
    .select(['retry_count', 'excluded_at', 'excluded_reason', 'excluded_by'])
    .select(['failed_at', 'last_synced', 'next_due_at', 'verified_at', 'verified_depth'])
    .select(['file_checksum', 'file_size', 'report', 'dirty_since as waiting_since'])
    .select(sql<boolean>`dirty_seq <> applied_seq`.as('waiting'));

/** In the order of the master's ids. `after` is the master id of the last row that the caller has. */
export function listDocuments(
  db: Db,
  { replicaId, ...filter }: DocumentFilter,
  page: { readonly after?: number | undefined; readonly limit: number },
): Promise<DocumentView[]> {
  let query = documents(db).where('replica_id', '=', replicaId).orderBy('master_doc_id').limit(page.limit);
  if (filter.status !== undefined) query = query.where(hasStatus(filter.status));
  if (filter.phase !== undefined) query = query.where('phase', '=', filter.phase);
  if (filter.code !== undefined) query = query.where('error_code', '=', filter.code);
  if (filter.waiting === true) query = query.where(OWED);
  if (filter.waiting === false) query = query.whereRef('dirty_seq', '=', 'applied_seq');
  if (filter.held === true) query = query.where(OWED).where('error_code', 'in', [...HELD_CODES]);
  if (filter.present === true) query = query.where('phase', '<>', 'gone');
  if (filter.unverifiedSince !== undefined) query = query.where(unverifiedSince(filter.unverifiedSince));
  if (filter.field !== undefined) query = query.where(speaksOf(filter.field));
  if (page.after !== undefined) query = query.where('master_doc_id', '>', page.after);
  return query.execute();
}

export interface DocumentOnReplica extends DocumentView {
  readonly link_id: number;
  readonly replica_id: number;
  readonly replica: string;
  readonly crash_count: number;
  readonly master_modified: string | null;
  readonly replica_modified: string | null;
  readonly stored_checksum: string | null;
  /** No write until then, after one that was not answered. */
  readonly hold_until: Date | null;
}

/** One master document, a row for each replica that knows it. */
export function documentOnReplicas(db: Db, masterDocId: number): Promise<DocumentOnReplica[]> {
  return documents(db)
    .innerJoin('replicas', 'replicas.id', 'sync_map.replica_id')
    .clearSelect()
    .select(['sync_map.id as link_id', 'sync_map.replica_id', 'replicas.name as replica'])
    .select(['master_doc_id', 'replica_doc_id', STATUS.as('status'), 'phase', 'sync_map.error_code'])
    .select(['sync_map.error_msg', 'excluded_at', 'excluded_reason', 'excluded_by'])
    .select(['retry_count', 'crash_count', 'failed_at', 'last_synced', 'next_due_at', 'hold_until'])
    .select(['verified_at', 'verified_depth', 'file_checksum', 'file_size', 'stored_checksum', 'report'])
    .select(['master_modified', 'replica_modified', 'dirty_since as waiting_since'])
    .select(sql<boolean>`dirty_seq <> applied_seq`.as('waiting'))
    .where('master_doc_id', '=', masterDocId)
    .orderBy('replicas.name')
    .execute();
}

export interface AttemptView {
  readonly link_id: number;
  readonly k: number;
  readonly state: AttemptState;
  readonly posted_at: Date;
  readonly terminal_at: Date | null;
  readonly closed_at: Date | null;
  readonly task_id: string | null;
  readonly failure_code: string | null;
  readonly file_name: string;
  readonly size: number;
}

/** Every upload that was ever sent for these links, oldest first. */
export function uploadsOf(db: Db, linkIds: readonly number[]): Promise<AttemptView[]> {
  if (linkIds.length === 0) return Promise.resolve([]);
  return db
    .selectFrom('upload_attempts')
    .select(['link_id', 'k', 'state', 'posted_at', 'terminal_at', 'closed_at', 'task_id', 'failure_code'])
    .select(['file_name', 'size'])
    .where('link_id', 'in', [...linkIds])
    .orderBy('link_id')
    .orderBy('k')
    .execute();
}

/** What verifications found in these documents, newest first. */
export function findingsOfLinks(db: Db, linkIds: readonly number[]): Promise<Finding[]> {
  if (linkIds.length === 0) return Promise.resolve([]);
  return db
    .selectFrom('findings')
    .selectAll()
    .where('link_id', 'in', [...linkIds])
    .orderBy('id', 'desc')
    .execute();
}

/** What became of copies of this document that were deleted or replaced, newest first. */
export function tombstonesOf(db: Db, masterDocId: number): Promise<Tombstone[]> {
  return db
    .selectFrom('tombstones')
    .selectAll()
    .where('master_doc_id', '=', masterDocId)
    .orderBy('id', 'desc')
    .execute();
}
