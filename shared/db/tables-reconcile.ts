/** The tables of reconcile and resync (E17, E18); what each column means stands in their migration. */
import type { ColumnType, Generated, Selectable } from 'kysely';

type NullableTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
type Id = ColumnType<number, never, never>;

export interface ReconciliationsTable {
  id: Id;
  replica_id: number;
  run_id: number | null;
  mode: 'reconcile' | 'resync';
  started_at: Generated<Date>;
  finished_at: NullableTime;
  summary: ColumnType<Record<string, unknown> | null, string | null | undefined, string | null>;
}
export interface ReconcileRowsTable {
  scan_id: number;
  side: 'master' | 'replica';
  doc_id: number;
  added: string;
  asn: number | null;
  title_key: string;
  name_key: string | null;
  content_key: string | null;
  root_hex: string | null;
  newest_hex: string | null;
  sha256: string | null;
  md5: string | null;
  marked_for: number | null;
  bears_reserved: Generated<boolean>;
  link_id: number | null;
  former_id: number | null;
  matched_to: number | null;
  rule: string | null;
}
export interface MatchProposalsTable {
  id: Id;
  replica_id: number;
  link_id: number;
  master_doc_id: number;
  master_added: string;
  replica_doc_id: number;
  replica_added: string;
  rule: 'asn' | 'title_created';
  shown: ColumnType<Record<string, unknown>, string | undefined, string>;
  state: Generated<'open' | 'accepted' | 'rejected' | 'linked' | 'stale'>;
  created_at: Generated<Date>;
  decided_at: NullableTime;
}

export type MatchProposal = Selectable<MatchProposalsTable>;
export type Reconciliation = Selectable<ReconciliationsTable>;
