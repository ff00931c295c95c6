/**
 * The rows of an instance, named as in the API but for the case of letters.
 */

import type { Blob } from './blobs.ts';

/** Microseconds since 1970: paperless keeps them, and a millisecond clock would hide every bug that depends on them. */
export type Micros = number;

export interface PermissionLists {
  view: { users: number[]; groups: number[] };
  change: { users: number[]; groups: number[] };
}

export interface User {
  id: number;
  username: string;
  email: string;
  passwordHash: string | null;
  firstName: string;
  lastName: string;
  dateJoined: Micros;
  isStaff: boolean;
  isActive: boolean;
  isSuperuser: boolean;
  groups: number[];
  permissions: string[];
  token: string | null;
  settings: Record<string, unknown>;
}

export interface Group {
  id: number;
  name: string;
  permissions: string[];
}

export type MatchingKind = 'tag' | 'correspondent' | 'document_type' | 'storage_path';

/** One row of the four kinds that can be matched to documents; the fields of one kind only are unused in the others. */
export interface MatchingObject {
  id: number;
  name: string;
  match: string;
  matchingAlgorithm: number;
  isInsensitive: boolean;
  owner: number | null;
  permissions: PermissionLists;
  color: string;
  isInboxTag: boolean;
  parent: number | null;
  path: string;
}

export type DataType =
  | 'string'
  | 'url'
  | 'date'
  | 'boolean'
  | 'integer'
  | 'float'
  | 'monetary'
  | 'documentlink'
  | 'select'
  | 'longtext';

export interface CustomField {
  id: number;
  name: string;
  dataType: DataType;
  extraData: Record<string, unknown> | null;
  created: Micros;
}

/** Every data type has its own column, so a value survives a change of the field's type and back (paperless-api.md 10.5). */
export interface CustomFieldValue {
  id: number;
  field: number;
  columns: Partial<Record<DataType, unknown>>;
}

export interface Note {
  id: number;
  note: string;
  created: Micros;
  user: number | null;
}

export interface DocumentRow {
  id: number;
  title: string;
  content: string;
  mimeType: string;
  file: Blob;
  archive: Blob | null;
  checksum: string;
  archiveChecksum: string | null;
  pageCount: number | null;
  created: string;
  modified: Micros;
  added: Micros;
  deletedAt: Micros | null;
  /** Rows trashed by one call come back together. */
  deletion: number | null;
  archiveSerialNumber: number | null;
  originalFileName: string | null;
  correspondent: number | null;
  documentType: number | null;
  storagePath: number | null;
  owner: number | null;
  permissions: PermissionLists;
  tags: number[];
  customFields: CustomFieldValue[];
  notes: Note[];
  rootDocument: number | null;
  versionLabel: string | null;
}

export type TaskStatus = 'pending' | 'started' | 'success' | 'failure';

export interface TaskRow {
  id: number;
  taskId: string;
  kind: string;
  fileName: string | null;
  created: Micros;
  started: Micros | null;
  done: Micros | null;
  status: TaskStatus;
  acknowledged: boolean;
  owner: number | null;
  triggerSource: 'api_upload' | 'web_ui' | 'folder_consume' | 'system' | 'manual' | 'scheduled';
  inputData: Record<string, unknown>;
  resultData: Record<string, unknown> | null;
  resultText: string | null;
  relatedDocument: number | null;
}

/** Rows that are only stored and listed (saved views, workflows, mail, share links ...): their JSON is kept as it is shown. */
export interface PlainRow {
  id: number;
  kind: string;
  data: Record<string, unknown>;
}

export const noPermissions = (): PermissionLists => ({
  view: { users: [], groups: [] },
  change: { users: [], groups: [] },
});
