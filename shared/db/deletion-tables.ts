/** Tables of what is missing on the master and what became of its copies; the columns are explained in migrations/. */
import type { Generated, Selectable } from 'kysely';
import type { Id, NullableTime, Time } from './tables.ts';

export interface MasterAbsencesTable {
  master_doc_id: number;
  state: 'trashed' | 'absent';
  since: Generated<Date>;
  seen_in_trash: Generated<boolean>;
  /** Its id is above all that are there: a restored backup looks the same. */
  newest: Generated<boolean>;
  trashed_sweeps: Generated<number>;
  absent_sweeps: Generated<number>;
  last_sweep_run: number | null;
  last_run: number;
}
export type SuspectKind = 'missing' | 'identity' | 'reused' | 'rollback';
export interface MasterSuspectsTable {
  kind: SuspectKind;
  master_doc_id: number;
  known: string | null;
  seen: string | null;
  run_id: number | null;
  found_at: Generated<Date>;
  confirmed_at: NullableTime;
}
export type TombstoneReason = 'trashed_on_master' | 'absent_on_master' | 'surplus' | 'replaced';
export type TombstoneState =
  | 'planned'
  | 'asn_cleared'
  | 'trashed'
  | 'purge_due'
  | 'purged'
  | 'restored'
  | 'undone'
  | 'cancelled'
  | 'released';
export interface TombstonesTable {
  id: Id;
  replica_id: number;
  link_id: number | null;
  master_doc_id: number;
  master_added: string | null;
  replica_doc_id: number;
  replica_added: string | null;
  asn: number | null;
  checksum: string | null;
  reason: TombstoneReason;
  state: Generated<TombstoneState>;
  detail: string | null;
  planned_run: number | null;
  trashed_run: number | null;
  planned_at: Time;
  asn_cleared_at: NullableTime;
  trashed_at: NullableTime;
  purge_due_at: NullableTime;
  purged_at: NullableTime;
  undo_asked_at: NullableTime;
  closed_at: NullableTime;
}
export type Tombstone = Selectable<TombstonesTable>;
