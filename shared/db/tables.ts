/** The tables as Kysely sees them; what each column means stands beside it in migrations/. */
import type { ColumnType, Generated, Insertable, Kysely, Selectable } from 'kysely';
import type { Finding as HygieneFinding } from '../domain/hygiene/facts.ts';
import type { MatchProposalsTable, ReconcileRowsTable, ReconciliationsTable } from './tables-reconcile.ts';
import type { AcknowledgementsTable } from './attention.repo.ts';
import type { BackupsTable } from './backup-tables.ts';
import type { FieldReport } from '../domain/report.ts';
import type { DoorTables } from './door-tables.ts';
import type { MasterAbsencesTable, MasterSuspectsTable, TombstonesTable } from './deletion-tables.ts';
import type { PromotionTables } from './promotion-tables.ts';
import type { ReplacementsTable, VersionAttemptsTable, VersionLinksTable } from './file-tables.ts';
import type { Depth } from '../domain/verification.ts';
import type { NotifyTables } from './notify-tables.ts';
import type { VerificationTables } from './verification-tables.ts';
import type { WebhookTables } from './webhook-tables.ts';
import type { HeldBack, LinkDetail, LinkKind, LinkState } from '../domain/taxonomy/vocabulary.ts';

export type Time = ColumnType<Date, Date | string | undefined, Date | string>;
export type NullableTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
export type Id = ColumnType<number, never, never>;

export type LinkStatus = 'pending' | 'ok' | 'error';
/** As people are told: what a person left out is none of the three. */
export type DocumentStatus = LinkStatus | 'excluded';
export type RunOutcome = 'ok' | 'partial' | 'failed' | 'timed_out' | 'cancelled';
export type DeletionMode = 'keep' | 'trash' | 'delete';
export type UnknownOwner = 'token_user' | 'unowned' | 'skip';
export type ConflictPolicy = 'master' | 'person';
/** `drain`: only what had begun is brought to its end (E27). */
export type RunMode = 'sync' | 'reconcile' | 'resync' | 'drain';
export type AttemptState = 'sending' | 'unknown' | 'awaiting' | 'success' | 'failure' | 'refused';

export interface AppMetaTable {
  key: string;
  value: string;
}
export interface SettingsTable {
  key: string;
  value: string;
  updated_at: Generated<Date>;
}
export interface WorkersTable {
  id: string;
  role: string;
  version: string;
  started_at: Time;
  beat: Generated<number>;
  beat_at: Time;
  dead: Generated<boolean>;
  lock_pid: number | null;
  lock_backend_start: NullableTime;
  scratch_full_since: NullableTime;
  /** The newest topology at whose start this process worked on nothing. */
  topology_epoch: Generated<number>;
}
/** Written by triggers alone. */
export interface LinkTotalsTable {
  replica_id: number;
  links: number;
}
export interface RequestPaceTable {
  target: number;
  requests_until: Generated<Date>;
  bytes_until: Generated<Date>;
  refused_until: Generated<Date>;
}
export interface RequestSlotsTable {
  slot_key: number;
  held: boolean;
  waits_until: Date | null;
}
export interface LeaderTable {
  id: Generated<number>;
  worker_id: string | null;
  epoch: Generated<number>;
  since: NullableTime;
}
export interface MasterStateTable {
  id: Generated<number>;
  cursor_us: number | null;
  topology_epoch: Generated<number>;
  next_cycle_at: Time;
  generation: string | null;
  version: string | null;
  is_superuser: boolean | null;
  last_contact_at: NullableTime;
  document_count: number | null;
  high_water_id: number | null;
  high_water_added: string | null;
  error_code: string | null;
  error_msg: string | null;
  unconfirmed: Generated<boolean>;
  last_sweep_at: NullableTime;
  sweep_count: Generated<number>;
  /** Why cycles fail until a person confirms, or null (H2). */
  suspended_code: string | null;
  suspended_reason: string | null;
  suspended_at: NullableTime;
  last_sweep_run: number | null;
  deletions_from_sweep: Generated<number>;
  hygiene: NullableJson<HygieneFinding[]>;
  hygiene_at: NullableTime;
  next_verify_at: NullableTime;
}
export interface ReplicasTable {
  id: Id;
  name: string;
  url: string;
  /** Fernet token, never plain text (S3). */
  api_token: string;
  enabled: Generated<boolean>;
  sync_interval_seconds: number | null;
  last_sync_ts: NullableTime;
  consecutive_failures: Generated<number>;
  suspended_at: NullableTime;
  suspended_reason: string | null;
  last_alert_at: NullableTime;
  created_at: Generated<Date>;
  paused_at: NullableTime;
  pause_reason: string | null;
  generation: string | null;
  version: string | null;
  token_user_id: number | null;
  last_contact_at: NullableTime;
  error_code: string | null;
  error_msg: string | null;
  asn_fence: Generated<boolean>;
  /** The first upload proved that master and replica are different libraries (H23). */
  library_proven: Generated<boolean>;
  /** The URL changed: identities must be confirmed before the first write (E26). */
  unconfirmed: Generated<boolean>;
  /** Why uploads to this replica wait for a person, or null. */
  uploads_held: string | null;
  altered_acknowledged: Generated<boolean>;
  document_count: number | null;
  foreign_count: number | null;
  hygiene: NullableJson<HygieneFinding[]>;
  hygiene_at: NullableTime;
  deletion_mode: Generated<DeletionMode>;
  replace_files_on_v2: Generated<boolean>;
  unknown_owner: Generated<UnknownOwner>;
  conflict_policy: Generated<ConflictPolicy>;
  restore_held_back: Generated<boolean>;
  last_sweep_at: NullableTime;
  sweep_started_at: NullableTime;
  sweep_position: number | null;
  deletions_held: string | null;
  deletions_held_at: NullableTime;
  deletions_held_count: Generated<number>;
  deletions_approved: Generated<number>;
  deletions_acknowledged_at: NullableTime;
  /** Why uploads wait until a full reconcile of this replica has completed (H10), or null. */
  reconcile_required: string | null;
  reconciled_at: NullableTime;
  /** Replica documents with a reserved number or marker that a reconcile has looked at. */
  known_marks: ColumnType<number[], string | undefined, string>;
  high_water_id: number | null;
  high_water_added: string | null;
  /** So many missing copies were accepted by a person. */
  missing_accepted: Generated<number>;
  /** "22:00-06:00" in the time zone of the settings, or null. */
  quiet_hours: string | null;
  requests_per_minute: number | null;
  max_bytes_per_second: number | null;
  queue_asked_at: NullableTime;
  /** Unfinished uploads in the replica's task list that are not ours; null: not known. */
  queue_foreign: number | null;
  queue_oldest_at: NullableTime;
}
export interface SyncMapTable {
  id: Id;
  replica_id: number;
  master_doc_id: number;
  master_added: string | null;
  master_modified: string | null;
  /** `modified` as the change feed last showed it. */
  feed_modified: string | null;
  replica_doc_id: number | null;
  replica_added: string | null;
  replica_modified: string | null;
  task_id: string | null;
  status: Generated<LinkStatus>;
  phase: Generated<string>;
  error_code: string | null;
  error_msg: string | null;
  retry_count: Generated<number>;
  failed_at: NullableTime;
  last_synced: NullableTime;
  next_due_at: NullableTime;
  dirty_seq: Generated<number>;
  applied_seq: Generated<number>;
  dispatch_gen: Generated<number>;
  dispatched_at: NullableTime;
  dispatched_by: string | null;
  lease_worker: string | null;
  lease_epoch: Generated<number>;
  topology_epoch: Generated<number>;
  crash_count: Generated<number>;
  file_checksum: string | null;
  file_md5: string | null;
  file_size: number | null;
  stored_checksum: string | null;
  /** Field hashes about to be written (H18); document text only as a hash. */
  plan: NullableJson<Record<string, string>>;
  applied: NullableJson<Record<string, string>>;
  report: ColumnType<FieldReport[], string | undefined, string>;
  hold_until: NullableTime;
  clean_read_at: NullableTime;
  locate: Generated<boolean>;
  unconfirmed: Generated<boolean>;
  /** The deepest comparison since the link last became dirty; a trigger forgets these. */
  verified_at: NullableTime;
  verified_depth: Depth | null;
  checksum_at: NullableTime;
  bytes_at: NullableTime;
  created_at: Generated<Date>;
  /** Kept by a trigger: since when there is open work. */
  dirty_since: NullableTime;
  master_hash: string | null;
  /** The deletion of this copy that is planned or done, while the copy can still come back. */
  tombstone_id: number | null;
  /** A person undid its deletion: not planned again until the master's document has come back. */
  kept_at: NullableTime;
  held_plan: NullableJson<Record<string, string>>;
  /** The copy before this link was matched anew. */
  former_doc_id: number | null;
  former_added: string | null;
  version_k: Generated<number>;
  recheck_file: Generated<boolean>;
  replacing: Generated<boolean>;
  /** Left out by a person; a trigger keeps such a link in phase `excluded`, without open work. */
  excluded_at: NullableTime;
  excluded_reason: string | null;
  excluded_by: string | null;
}
export interface UploadAttemptsTable {
  id: Id;
  link_id: number;
  k: number;
  state: AttemptState;
  marker: string;
  reserved_asn: number | null;
  sha256: string;
  md5: string;
  size: number;
  file_name: string;
  worker: string;
  lease_epoch: number;
  /** The replica's own clock at the POST, where it answered. */
  replica_date: NullableTime;
  task_id: string | null;
  success_doc_id: number | null;
  posted_at: Generated<Date>;
  /** When its sender was known to be gone without an answer. */
  unknown_at: NullableTime;
  started_seen_at: NullableTime;
  terminal_at: NullableTime;
  closed_at: NullableTime;
  failure_code: string | null;
  looks: Generated<number>;
  looked_at: NullableTime;
}
export interface TaxonomyLinksTable {
  id: Id;
  replica_id: number;
  kind: LinkKind;
  master_id: number;
  replica_obj_id: number | null;
  name: string;
  /** `gone`: proven deleted on the master; the counterpart may still be there. */
  state: LinkState;
  created_by_us: Generated<boolean>;
  /** Matching rule and inbox flag of the master, held back on the replica (E5). */
  held_back: NullableJson<HeldBack>;
  detail: NullableJson<LinkDetail>;
  error_msg: string | null;
  updated_at: Generated<Date>;
}
export interface SyncRunsTable {
  id: Id;
  parent_run_id: number | null;
  replica_id: number | null;
  kind: Generated<'cycle' | 'replica'>;
  triggered_by: string;
  phase: Generated<string>;
  started_at: Time;
  finished_at: NullableTime;
  outcome: RunOutcome | null;
  timed_out: Generated<boolean>;
  docs_total: Generated<number>;
  docs_synced: Generated<number>;
  docs_failed: Generated<number>;
  docs_held: Generated<number>;
  docs_retried: Generated<number>;
  bytes: Generated<number>;
  error_code: string | null;
  error_msg: string | null;
  /** `master` | `replica`: a master failure never counts against a replica. */
  error_side: string | null;
  instance_faults: Generated<number>;
  lease_worker: string | null;
  lease_epoch: Generated<number>;
  dispatch_gen: Generated<number>;
  dispatched_at: NullableTime;
  dispatched_by: string | null;
  context: NullableJson<unknown>;
  sweep: Generated<boolean>;
  mode: Generated<RunMode>;
}
export interface RunItemsTable {
  run_id: number;
  link_id: number;
  chunk: number;
  /** Decided when planned: an upload needs room in the replica's queue, an update does not. */
  kind: 'upload' | 'update';
  state: Generated<'planned' | 'open' | 'done' | 'failed' | 'held'>;
}
export interface LogsTable {
  id: Id;
  run_id: number | null;
  replica_id: number | null;
  level: 'info' | 'warning' | 'error';
  message: string;
  doc_id: number | null;
  code: string | null;
  created_at: Time;
}

export interface ConflictsTable {
  id: Id;
  replica_id: number;
  link_id: number;
  master_doc_id: number;
  replica_doc_id: number | null;
  field: string;
  base_hash: string | null;
  replica_hash: string | null;
  master_hash: string | null;
  /** Short values for people; of document text only length and hash. */
  shown: ColumnType<Record<string, unknown>, string | undefined, string>;
  state: Generated<'open' | 'overwritten' | 'keep_master' | 'keep_replica' | 'gone'>;
  found_at: Generated<Date>;
  decided_at: NullableTime;
}
export interface NoteLinksTable {
  link_id: number;
  master_note_id: number;
  replica_note_id: number;
  text_hash: string;
}

export interface Tables extends VerificationTables, DoorTables, NotifyTables, WebhookTables, PromotionTables {
  acknowledgements: AcknowledgementsTable;
  backups: BackupsTable;
  master_absences: MasterAbsencesTable;
  master_suspects: MasterSuspectsTable;
  tombstones: TombstonesTable;
  app_meta: AppMetaTable;
  settings: SettingsTable;
  workers: WorkersTable;
  leader: LeaderTable;
  link_totals: LinkTotalsTable;
  request_pace: RequestPaceTable;
  request_slots: RequestSlotsTable;
  master_state: MasterStateTable;
  replicas: ReplicasTable;
  sync_map: SyncMapTable;
  upload_attempts: UploadAttemptsTable;
  version_attempts: VersionAttemptsTable;
  version_links: VersionLinksTable;
  replacements: ReplacementsTable;
  taxonomy_links: TaxonomyLinksTable;
  sync_runs: SyncRunsTable;
  run_items: RunItemsTable;
  logs: LogsTable;
  conflicts: ConflictsTable;
  note_links: NoteLinksTable;
  reconciliations: ReconciliationsTable;
  reconcile_rows: ReconcileRowsTable;
  match_proposals: MatchProposalsTable;
}
export type Db = Kysely<Tables>;
export type Replica = Selectable<ReplicasTable>;
export type Link = Selectable<SyncMapTable>;
export type Attempt = Selectable<UploadAttemptsTable>;
export type Run = Selectable<SyncRunsTable>;
export type NewReplica = Insertable<ReplicasTable>;
export type * from './file-tables.ts';
export type * from './promotion-tables.ts';
export type * from './verification-tables.ts';
