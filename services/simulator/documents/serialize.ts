/**
 * The JSON of a document. Members are functions so that `fields=id,modified` on a page of 100,000 computes two of thirty.
 */

import { asciiLower, compareText } from '../rest/lookups.ts';
import { isoTime } from '../state/clock.ts';
import type { DocumentRow, Note, User } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import type { Profile } from '../profile.ts';
import { canChange, canSee, isSharedBy } from '../users/permissions.ts';
import { readValue } from './custom-values.ts';
import { publicName } from './names.ts';

export interface SerializeOptions {
  readonly store: Store;
  readonly profile: Profile;
  readonly user: User;
  readonly fullPermissions: boolean;
  /** Names that are wanted, or null for all. */
  readonly fields: ReadonlySet<string> | null;
  readonly truncateContent: boolean;
  /** Twins are named when one document is read, not in lists. */
  readonly withDuplicates: boolean;
  /** The trash shows neither notes nor custom fields (paperless-api.md 12). */
  readonly fromTrash: boolean;
  /** Older versions of the API show dates and the authors of notes in another form (paperless-api.md 1.3). */
  readonly apiVersion: number;
  /** Text of another version than the newest. */
  readonly version?: DocumentRow;
}

/** Versions of the API in which `created` became a date and the author of a note an object. */
const DATES_FROM = 9;
const AUTHORS_FROM = 8;

type Member = (row: DocumentRow, options: SerializeOptions) => unknown;

/** All members of a document in the order of the model; a member that the profile or the caller does not get is undefined. */
const MEMBERS: Readonly<Record<string, Member>> = {
  id: (row) => row.id,
  correspondent: (row) => row.correspondent,
  document_type: (row) => row.documentType,
  storage_path: (row) => row.storagePath,
  title: (row) => row.title,
  content,
  tags: (row, { store }) => tagsByName(store, row.tags),
  created: (row, { apiVersion }) => (apiVersion < DATES_FROM ? `${row.created}T00:00:00+00:00` : row.created),
  created_date: (row) => row.created,
  modified: (row) => isoTime(row.modified),
  added: (row) => isoTime(row.added),
  deleted_at: (row) => (row.deletedAt === null ? null : isoTime(row.deletedAt)),
  archive_serial_number: (row) => row.archiveSerialNumber,
  original_file_name: (row) => row.originalFileName,
  archived_file_name: (row, { store }) => (row.archive ? publicName(store, row, true) : null),
  duplicate_documents: (row, options) => (options.profile.hasVersions ? duplicates(row, options) : undefined),
  owner: (row) => row.owner,
  permissions: (row, { fullPermissions }) => (fullPermissions ? row.permissions : undefined),
  user_can_change: (row, { fullPermissions, user }) => (fullPermissions ? undefined : canChange(user, row)),
  is_shared_by_requester: (row, { fullPermissions, user }) => (fullPermissions ? undefined : isSharedBy(user, row)),
  notes: (row, { store, fromTrash, apiVersion }) =>
    fromTrash ? [] : row.notes.map((note) => noteJson(store, note, apiVersion)),
  custom_fields: (row, { store, fromTrash }) => (fromTrash ? [] : customFields(store, row)),
  page_count: (row) => row.pageCount,
  mime_type: (row) => row.mimeType,
  root_document: (row, { profile }) => (profile.hasVersions ? row.rootDocument : undefined),
  versions: (row, { store, profile }) => (profile.hasVersions ? versionList(store, row) : undefined),
};

export function documentJson(row: DocumentRow, options: SerializeOptions): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(MEMBERS)) {
    if (options.fields && !options.fields.has(name)) continue;
    const value = member(row, options);
    if (value !== undefined) json[name] = value;
  }
  return json;
}

const TRUNCATED_LENGTH = 550;

function content(row: DocumentRow, options: SerializeOptions): string {
  const source = options.version ?? newestVersion(options.store, row);
  return options.truncateContent ? source.content.slice(0, TRUNCATED_LENGTH) : source.content;
}

/** The row whose file and text stand for the document: its newest live version, or the document itself. */
export function newestVersion(store: Store, row: DocumentRow): DocumentRow {
  return liveVersions(store, row).at(-1) ?? row;
}

export const liveVersions = (store: Store, row: DocumentRow): DocumentRow[] =>
  store.index.versionsOf(row.id).filter((version) => version.deletedAt === null);

export const versionJson = (row: DocumentRow): Record<string, unknown> => ({
  id: row.id,
  added: isoTime(row.added),
  version_label: row.versionLabel,
  checksum: row.checksum,
  is_root: row.rootDocument === null,
});

/** The list of the whole document, newest first, also on a version that lies in the trash by itself. */
function versionList(store: Store, row: DocumentRow): unknown[] {
  const root = store.documents.get(row.rootDocument) ?? row;
  return [...liveVersions(store, root).reverse(), root].map(versionJson);
}

/** A document's tags come in the order of their names (paperless-api.md 2.7). */
export function tagsByName(store: Store, tags: readonly number[]): number[] {
  if (tags.length < 2) return [...tags];
  const name = (id: number): string => store.matching.tag.get(id)?.name ?? '';
  return [...tags].sort((a, b) => compareText(asciiLower(name(a)), asciiLower(name(b))) || a - b);
}

function customFields(store: Store, row: DocumentRow): unknown[] {
  return row.customFields.map((value) => ({ value: readValue(store, value), field: value.field }));
}

function duplicates(row: DocumentRow, { store, user, withDuplicates }: SerializeOptions): unknown[] {
  if (!withDuplicates) return [];
  return store.index
    .withChecksum(row.checksum)
    .filter((other) => other.id !== row.id && other.checksum === row.checksum && other.rootDocument !== row.id)
    .filter((other) => canSee(user, other))
    .map(({ id, title, deletedAt }) => ({ id, title, deleted_at: deletedAt === null ? null : isoTime(deletedAt) }));
}

export function noteJson(store: Store, note: Note, apiVersion = DATES_FROM): Record<string, unknown> {
  const user = store.users.get(note.user);
  const author = user
    ? { id: user.id, username: user.username, first_name: user.firstName, last_name: user.lastName }
    : null;
  return {
    id: note.id,
    note: note.note,
    created: isoTime(note.created),
    user: apiVersion < AUTHORS_FROM ? note.user : author,
  };
}
