/** Tables of promotions (E27); what each column means stands in migrations/2026-11-29-topology.ts. */
import type { ColumnType, Generated, Selectable } from 'kysely';
import type { PromotionPhase } from '../domain/promotion.ts';
import type { Id, NullableTime } from './tables.ts';

type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

/** What of one replica was begun and not brought to its end. */
export interface LeftOpen {
  readonly replica_id: number;
  readonly replica: string;
  readonly uploads: number;
  readonly versions: number;
  readonly replacements: number;
  readonly documents: number;
  /** Writes that got no answer and may still be carried out. */
  readonly unanswered: number;
}
export interface RemappedReplica {
  readonly replica_id: number;
  readonly replica: string;
  /** Links that name the new master's document now. */
  readonly mapped: number;
  /** Links of documents that the new master has not got: the copies stay, nobody's. */
  readonly dropped: number;
}
/** What a promotion changes here: told by a dry run, and written down when it is done. */
export interface PromotionCounts {
  /** Documents that old and new master both have. */
  readonly documents: number;
  readonly taxonomy: number;
  /** On the old master only. */
  readonly absent: number;
  /** Without the old master's last changes. */
  readonly behind: number;
  readonly replicas: readonly RemappedReplica[];
}

export interface PromotionsTable {
  id: Id;
  phase: Generated<PromotionPhase>;
  replica_id: number;
  replica_name: string;
  asked_by: string;
  asked_at: Generated<Date>;
  stop_epoch: Generated<number>;
  accepted_at: NullableTime;
  accepted_by: string | null;
  waits_code: string | null;
  waits_for: string | null;
  drain_run: number | null;
  left_open: NullableJson<readonly LeftOpen[]>;
  old_master_url: string;
  /** Fernet token. */
  old_master_token: string;
  new_master_url: string;
  switched_at: NullableTime;
  finished_at: NullableTime;
  summary: NullableJson<PromotionCounts>;
  readmitted_as: number | null;
  readmitted_at: NullableTime;
}
interface PromotionLinksTable {
  promotion_id: number;
  old_doc_id: number;
  old_added: string;
  old_modified: string | null;
  new_doc_id: number;
  new_added: string;
  file_checksum: string | null;
  file_md5: string | null;
  file_size: number | null;
}
interface PromotionTaxonomyTable {
  promotion_id: number;
  kind: string;
  old_id: number;
  new_id: number;
  name: string;
}
export type PartedKind = 'absent' | 'behind' | 'changed' | 'added' | 'deleted';
interface PromotionDocumentsTable {
  promotion_id: number;
  kind: PartedKind;
  old_doc_id: number;
  new_doc_id: number | null;
  detail: string | null;
  noted_at: Generated<Date>;
}

export type Promotion = Selectable<PromotionsTable>;
export type PromotedLink = Selectable<PromotionLinksTable>;
export type PartedDocument = Selectable<PromotionDocumentsTable>;

export interface PromotionTables {
  promotions: PromotionsTable;
  promotion_links: PromotionLinksTable;
  promotion_taxonomy: PromotionTaxonomyTable;
  promotion_documents: PromotionDocumentsTable;
}
