/** Tables of versions on 3.x (H9) and of replaced files on 2.20 (H14); what each column means stands in migrations/. */
import type { Generated, Selectable } from 'kysely';
import type { AttemptState, Id, NullableTime } from './tables.ts';

export interface VersionAttemptsTable {
  id: Id;
  link_id: number;
  k: number;
  state: AttemptState;
  master_version_id: number;
  label: string;
  sha256: string;
  md5: string;
  size: number;
  file_name: string;
  worker: string;
  lease_epoch: number;
  replica_date: NullableTime;
  task_id: string | null;
  /** The row that came of it. */
  replica_version_id: number | null;
  posted_at: Generated<Date>;
  unknown_at: NullableTime;
  started_seen_at: NullableTime;
  terminal_at: NullableTime;
  closed_at: NullableTime;
  failure_code: string | null;
  looks: Generated<number>;
  looked_at: NullableTime;
}
export interface VersionLinksTable {
  id: Id;
  link_id: number;
  master_version_id: number;
  replica_version_id: number;
  sha256: string | null;
  md5: string | null;
  stored_checksum: string;
  state: Generated<'current' | 'superseded' | 'removed'>;
  created_at: Generated<Date>;
}
export type ReplacementStep = 'r1' | 'r2' | 'r3' | 'r4' | 'r5' | 'r6' | 'r7' | 'r8' | 'done' | 'kept' | 'abandoned';
export interface ReplacementsTable {
  id: Id;
  link_id: number;
  replica_id: number;
  step: Generated<ReplacementStep>;
  /** The last upload attempt before it. */
  from_k: number;
  old_doc_id: number;
  old_added: string;
  old_checksum: string;
  new_doc_id: number | null;
  new_added: string | null;
  new_checksum: string | null;
  new_sha256: string | null;
  new_md5: string | null;
  new_size: number | null;
  started_at: Generated<Date>;
  finished_at: NullableTime;
}

export type VersionAttempt = Selectable<VersionAttemptsTable>;
export type VersionLink = Selectable<VersionLinksTable>;
export type Replacement = Selectable<ReplacementsTable>;
