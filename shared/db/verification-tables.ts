/** The tables of verification (E22); what each column means stands in migrations/2026-11-22-verify.ts. */
import type { ColumnType, Generated, Selectable } from 'kysely';
import type { Difference } from '../domain/compare.ts';
import type { Depth, FindingKind } from '../domain/verification.ts';
import type { Id, NullableTime, Time } from './tables.ts';

export type VerificationScope = 'document' | 'replica' | 'slice' | 'repairs' | 'everything';
export type VerificationTrigger = 'manual' | 'cli' | 'scheduler' | 'repair';
export type VerificationState = 'waiting' | 'running' | 'done' | 'stopped' | 'failed' | 'cancelled';
export type VerificationPhase = 'list' | 'fresh' | 'documents' | 'again';
export type LedgerOutcome = 'equal' | 'different' | 'skipped' | 'again';
export type FindingState = 'open' | 'repairing' | 'repaired' | 'accepted';

export interface VerificationsTable {
  id: Id;
  parent_id: number | null;
  /** null: everything, each replica being a child. */
  replica_id: number | null;
  scope: VerificationScope;
  depth: Depth;
  master_doc_id: number | null;
  trigger: VerificationTrigger;
  asked_by: string;
  state: Generated<VerificationState>;
  phase: Generated<VerificationPhase>;
  checkpoint: Generated<number>;
  requested_at: Generated<Date>;
  started_at: NullableTime;
  finished_at: NullableTime;
  budget_ms: number | null;
  spent_ms: Generated<number>;
  compared: Generated<number>;
  equal: Generated<number>;
  derived: Generated<number>;
  findings: Generated<number>;
  skipped: Generated<number>;
  bytes_read: Generated<number>;
  master_documents: number | null;
  replica_documents: number | null;
  subset: Generated<boolean>;
  digest: string | null;
  faults: Generated<number>;
  error_code: string | null;
  error_msg: string | null;
  lease_worker: string | null;
  lease_epoch: Generated<number>;
  dispatched_at: NullableTime;
  dispatched_by: string | null;
}
interface VerificationLedgerTable {
  verification_id: number;
  link_id: number;
  master_doc_id: number;
  replica_doc_id: number | null;
  depth: Depth;
  compared_at: Time;
  outcome: LedgerOutcome;
  reason: string | null;
  master_file: string | null;
  copy_file: string | null;
  master_fields: string | null;
  copy_fields: string | null;
  derived: Generated<boolean>;
}
interface FindingsTable {
  id: Id;
  replica_id: number;
  link_id: number | null;
  master_doc_id: number | null;
  replica_doc_id: number | null;
  kind: FindingKind;
  depth: Depth;
  message: string;
  hint: string | null;
  fields: ColumnType<Difference[], string | undefined, string>;
  state: Generated<FindingState>;
  verification_id: number;
  last_verification_id: number;
  found_at: Generated<Date>;
  last_seen_at: Time;
  round: Generated<number>;
  repair_after_run: number | null;
  repaired_at: NullableTime;
  verified_again_at: NullableTime;
  verified_again_by: number | null;
  reason: string | null;
}

export type Verification = Selectable<VerificationsTable>;
export type LedgerRow = Selectable<VerificationLedgerTable>;
export type Finding = Selectable<FindingsTable>;

export interface VerificationTables {
  verifications: VerificationsTable;
  verification_ledger: VerificationLedgerTable;
  findings: FindingsTable;
}
