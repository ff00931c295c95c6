/**
 * What the engine may ask of a paperless instance. The type that reads the master has no write methods (protocol H5).
 * Every method fails with an AppError; ids are the instance's own; times are the raw strings of the instance.
 */
import type { WaitingTask } from '../domain/replica-queue.ts';
import type { ConfigFacts, MailRuleFacts, RightsFacts, StatusFacts, WorkflowFacts } from '../domain/hygiene/facts.ts';
import type {
  DocumentVersion,
  PaperlessDocument,
  TaxonomyKind,
  TaxonomyObject,
  CustomFieldDefinition,
  Principal,
} from '../domain/model.ts';

export type Generation = 'v2' | 'v3';

export interface Capabilities {
  readonly generation: Generation;
  /** As in X-Version, e.g. "3.0.5". */
  readonly version: string;
  readonly userId: number;
  readonly username: string;
  readonly isSuperuser: boolean;
  readonly isStaff: boolean;
  /** `Date` header of the answer, milliseconds since the epoch. */
  readonly serverDate: number;
  readonly latencyMs: number;
}

export interface FeedRow {
  readonly id: number;
  readonly modified: string;
  readonly added: string;
}
export interface FeedPage {
  readonly rows: readonly FeedRow[];
  readonly serverDate: number;
}
export interface Census {
  readonly ids: readonly number[];
  readonly serverDate: number;
}
export interface Checksum {
  readonly algorithm: 'md5' | 'sha256';
  readonly hex: string;
}
export interface DownloadedFile {
  readonly size: number;
  readonly md5: string;
  readonly sha256: string;
}
export interface VersionFacts {
  readonly checksum: Checksum;
  readonly size: number | null;
  readonly fileName: string | null;
}
export interface ReservedRow {
  readonly id: number;
  readonly title: string;
  readonly added: string;
  readonly asn: number | null;
}
export interface TrashRow {
  readonly id: number;
  readonly title: string;
  readonly added: string;
  readonly modified: string;
  readonly asn: number | null;
  readonly originalFileName: string | null;
  readonly rootDocument: number | null;
}
export type TaskState = 'pending' | 'started' | 'success' | 'failure' | 'revoked' | 'other';
export interface ConsumeTask {
  readonly taskId: string;
  readonly state: TaskState;
  readonly fileName: string | null;
  /** Set when the row says success and names a document. */
  readonly documentId: number | null;
  /** #n of a refused duplicate, when the row names it. */
  readonly duplicateOf: number | null;
  readonly duplicateInTrash: boolean;
  /** The row's text, for classification only; never shown raw. */
  readonly text: string | null;
  readonly created: string;
  /** null where the generation does not tell (v2). */
  readonly started: string | null;
  readonly done: string | null;
  /** v3, API 10 only (protocol F2). */
  readonly overrides: {
    readonly title: string | null;
    readonly asn: number | null;
    /** Uploads of versions only; such a row never names the document (F10). */
    readonly versionLabel: string | null;
  } | null;
}
export interface DocumentRow {
  readonly id: number;
  readonly title: string;
  readonly created: string;
  readonly added: string;
  readonly asn: number | null;
}

/** What tells whose copy a document may be, without its text. */
export interface IdentityRow extends DocumentRow {
  readonly originalFileName: string | null;
  /** Oldest first; empty where the instance knows no versions (v2). */
  readonly versions: readonly DocumentVersion[];
}

/** `option`: only documents whose value of this custom field is that option, which the field must still have. */
export interface TaxonomyUse {
  readonly kind: TaxonomyKind | 'custom_field';
  readonly id: number;
  readonly option?: string;
}

/** Asked with the length of a file before its first byte is written; throws to refuse the download. */
export type RoomCheck = (bytes: number) => Promise<void>;

/** Reads; all are safe to repeat and are repeated a few times by the client (E13). */
export interface PaperlessReader {
  readonly target: number;
  probe(signal?: AbortSignal): Promise<Capabilities>;
  /** Documents with modified >= `modifiedGte` (raw time, null = all), ordered by (modified, id): page 1 of `pageSize`. */
  feedPage(modifiedGte: string | null, pageSize: number, signal?: AbortSignal): Promise<FeedPage>;
  /** All visible live ids in one request (API 9 `all`, paperless-api.md 2.1). */
  census(signal?: AbortSignal): Promise<Census>;
  /** Full document with permissions; null on a 404 of the object itself. */
  document(id: number, signal?: AbortSignal): Promise<PaperlessDocument | null>;
  /**
   * Full documents by id, as `document` gives them one by one; ids that are not live are left out. One request for up to
   * 100 ids (a page with permissions costs a 2.20 instance 7 ms a row).
   */
  documents(ids: readonly number[], signal?: AbortSignal): Promise<PaperlessDocument[]>;
  /** Who these documents are, for matching them; 250 a request, ids that are not live are left out. */
  identities(ids: readonly number[], signal?: AbortSignal): Promise<IdentityRow[]>;
  /** The live document with the lowest id of those added after `time` (raw time); null for none (H2). */
  lowestAddedAfter(time: string, signal?: AbortSignal): Promise<{ id: number; added: string } | null>;
  /** The document that was added last, by the instance's clock; null: there is none. */
  lastAdded(signal?: AbortSignal): Promise<{ id: number; added: string } | null>;
  /** Ids and times of these documents, 250 a request; ids that are not live are left out. */
  times(ids: readonly number[], signal?: AbortSignal): Promise<FeedRow[]>;
  /** Original checksum of the *newest* file: v3 from `versions`, v2 by the If-None-Match probe (3.3); null on 404. */
  originalChecksum(id: number, signal?: AbortSignal): Promise<Checksum | null>;
  /** Checksum and size by /metadata/ of the newest file (slow: parses the file the first time). */
  fileFacts(id: number, signal?: AbortSignal): Promise<{ checksum: Checksum; size: number | null } | null>;
  /** Streams the original bytes of the newest file to `path` (created 0600), hashing on the way; fails on truncation. */
  downloadOriginal(id: number, path: string, signal?: AbortSignal, room?: RoomCheck): Promise<DownloadedFile>;
  /** As downloadOriginal, of one version (3.x); the root's own file is the version with the id of the document. */
  downloadVersion(
    id: number,
    versionId: number,
    path: string,
    signal?: AbortSignal,
    room?: RoomCheck,
  ): Promise<DownloadedFile>;
  /** Checksum, size and upload name of one version by /metadata/ (3.x); null on 404. */
  versionFacts(id: number, versionId: number, signal?: AbortSignal): Promise<VersionFacts | null>;
  /** The document a version belongs to (3.x), for live and trashed ones; null where no such row is. */
  rootOf(id: number, signal?: AbortSignal): Promise<number | null>;
  taxonomy(kind: TaxonomyKind, signal?: AbortSignal): Promise<TaxonomyObject[]>;
  customFields(signal?: AbortSignal): Promise<CustomFieldDefinition[]>;
  /** One object by its id; null on a 404 of the object itself (H4: absence is proven by the caller). */
  taxonomyObject(kind: TaxonomyKind, id: number, signal?: AbortSignal): Promise<TaxonomyObject | null>;
  customField(id: number, signal?: AbortSignal): Promise<CustomFieldDefinition | null>;
  /** Ids of the live documents that use an object, or a select option; one request. */
  documentsUsing(use: TaxonomyUse, signal?: AbortSignal): Promise<number[]>;
  users(signal?: AbortSignal): Promise<Principal[]>;
  groups(signal?: AbortSignal): Promise<Principal[]>;
  /** Live documents whose ASN is >= base (protocol section 1). */
  reserved(base: number, signal?: AbortSignal): Promise<ReservedRow[]>;
  byAsn(asn: number, signal?: AbortSignal): Promise<ReservedRow | null>;
  /** Live root documents with this original checksum. */
  byChecksum(hex: string, signal?: AbortSignal): Promise<DocumentRow[]>;
  /** Which of `ids` are live right now. */
  liveAmong(ids: readonly number[], signal?: AbortSignal): Promise<number[]>;
  trash(signal?: AbortSignal): Promise<TrashRow[]>;
  task(taskId: string, signal?: AbortSignal): Promise<ConsumeTask | null>;
  /**
   * Consume tasks that wait, the oldest 250, in one request; on 3.x also those a worker has taken. Ages are by the instance's
   * own clock.
   */
  waitingTasks(signal?: AbortSignal): Promise<WaitingTask[]>;
  /** Consume tasks that are not finished, newest first. */
  unfinishedTasks(signal?: AbortSignal): Promise<ConsumeTask[]>;
  /** Consume tasks created since (raw time or ISO), any state, newest first. */
  tasksSince(since: string, signal?: AbortSignal): Promise<ConsumeTask[]>;
  /** What the token may do, and how long the trash is kept. */
  rights(signal?: AbortSignal): Promise<RightsFacts>;
  workflows(signal?: AbortSignal): Promise<WorkflowFacts[]>;
  mailRules(signal?: AbortSignal): Promise<MailRuleFacts[]>;
  config(signal?: AbortSignal): Promise<ConfigFacts>;
  /** Asks the instance's own parts and takes seconds: seldom (paperless-api.md 11). */
  status(signal?: AbortSignal): Promise<StatusFacts>;
}

export interface UploadRequest {
  readonly path: string;
  readonly size: number;
  readonly md5: string;
  readonly sha256: string;
  readonly fileName: string;
  /** YYYY-MM-DD. */
  readonly created: string;
  readonly title: string;
  readonly asn: number | null;
}
export interface VersionRequest extends DownloadedFile {
  readonly path: string;
  readonly fileName: string;
  /** At most 64 characters (paperless-api.md 8.1). */
  readonly label: string;
}
export interface TaxonomyBody {
  readonly [field: string]: unknown;
}

/** Writes; none is ever repeated by the client. A write without a clean answer fails with class `unknown-outcome`. */
export interface PaperlessWriter extends PaperlessReader {
  /** Streams the file; hashes again while sending and destroys the socket before the last byte on a mismatch (H25). */
  upload(request: UploadRequest, signal?: AbortSignal): Promise<{ taskId: string; serverDate: number }>;
  /** As upload: one more file of a live document (3.x). */
  uploadVersion(
    id: number,
    request: VersionRequest,
    signal?: AbortSignal,
  ): Promise<{ taskId: string; serverDate: number }>;
  /** Of the root's own row too; null takes the label away. */
  setVersionLabel(id: number, versionId: number, label: string | null, signal?: AbortSignal): Promise<void>;
  /** Moves one version to the trash (undoable); never the root. */
  deleteVersion(id: number, versionId: number, signal?: AbortSignal): Promise<void>;
  /** PATCH with absolute values; returns the instance's `modified` of the answer. */
  patchDocument(
    id: number,
    body: Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
  ): Promise<{ modified: string }>;
  /** All notes after the POST (the answer is the read-back, H17). */
  addNote(id: number, text: string, signal?: AbortSignal): Promise<PaperlessDocument['notes']>;
  /** All notes that remain. */
  deleteNote(id: number, noteId: number, signal?: AbortSignal): Promise<PaperlessDocument['notes']>;
  createTaxonomy(kind: TaxonomyKind, body: TaxonomyBody, signal?: AbortSignal): Promise<TaxonomyObject>;
  patchTaxonomy(kind: TaxonomyKind, id: number, body: TaxonomyBody, signal?: AbortSignal): Promise<TaxonomyObject>;
  deleteTaxonomy(kind: TaxonomyKind, id: number, signal?: AbortSignal): Promise<void>;
  createCustomField(body: TaxonomyBody, signal?: AbortSignal): Promise<CustomFieldDefinition>;
  patchCustomField(id: number, body: TaxonomyBody, signal?: AbortSignal): Promise<CustomFieldDefinition>;
  deleteCustomField(id: number, signal?: AbortSignal): Promise<void>;
  /** Moves to the trash (undoable). */
  trashDocument(id: number, signal?: AbortSignal): Promise<void>;
  restoreDocument(id: number, signal?: AbortSignal): Promise<void>;
  /** Removes these documents from the trash for good, their versions with them. Never without ids. */
  purgeDocuments(ids: readonly number[], signal?: AbortSignal): Promise<void>;
}
