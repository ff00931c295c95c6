/**
 * Where a document comes into being. What was posted is only the beginning: inbox tags, matching objects and the title
 * template change it, which is why a replica has to be corrected by a PATCH afterwards (paperless-api.md 5.3).
 */

import { POSTGRES_MAX_ASN } from '../documents/patch.ts';
import { addVersion } from '../documents/versions.ts';
import { withAncestors } from '../objects/tag-tree.ts';
import { isoDate, isoTime } from '../state/clock.ts';
import {
  type DocumentRow,
  type MatchingKind,
  type MatchingObject,
  type Micros,
  noPermissions,
} from '../state/model.ts';
import type { Store } from '../state/store.ts';
import { canSee } from '../users/permissions.ts';
import { ConsumerError } from './checks.ts';
import type { Surroundings } from './consumer.ts';
import { matchesContent } from './matching.ts';
import type { Parsed } from './parse.ts';
import { firstDate } from './text-date.ts';
import { renderTitle, TemplateSyntaxError } from './title-template.ts';
import { stem, type Upload } from './upload.ts';
import { fireWorkflows } from '../workflows/fire.ts';

const MAX_TITLE = 127;

/** The transaction at the end of a consumption: the row, what was asked for it, and what the instance adds (5.2, 5.3). */
export function storeDocument(around: Surroundings, upload: Upload, parsed: Parsed, lateBy: Micros): DocumentRow {
  if (upload.versionOf !== null) return storeVersion(around, upload, parsed);
  const { store } = around;
  const now = store.clock.now() - lateBy;
  const title = titleOf(store, upload, now);
  refuseAtInsert(around, upload);
  const row = newRow(around, upload, parsed, title, now);
  addInboxTags(store, row);
  matchReferences(store, row);
  addMatchingTags(store, row);
  store.saveDocument(row);
  upload.onStored?.();
  // From inside the transaction: a receiver may ask before the document can be read.
  fireWorkflows(around, 'added', row);
  return row;
}

function newRow(
  { store, profile }: Surroundings,
  upload: Upload,
  parsed: Parsed,
  title: string,
  now: Micros,
): DocumentRow {
  const { overrides, file } = upload;
  return {
    id: store.documents.takeId(),
    title,
    content: parsed.content,
    mimeType: upload.mimeType,
    file,
    archive: parsed.archive,
    checksum: file[profile.checksum],
    archiveChecksum: parsed.archive?.[profile.checksum] ?? null,
    pageCount: parsed.pageCount,
    created: overrides.created ?? firstDate(parsed.content, isoDate(now)) ?? isoDate(now),
    modified: now,
    added: now,
    deletedAt: null,
    deletion: null,
    archiveSerialNumber: overrides.asn,
    originalFileName: upload.fileName,
    correspondent: overrides.correspondent,
    documentType: overrides.documentType,
    storagePath: overrides.storagePath,
    owner: overrides.owner,
    permissions: noPermissions(),
    tags: withAncestors(store, overrides.tags),
    // Stored as they were sent: links are not reflected to their targets (paperless-api.md 4).
    customFields: Object.entries(overrides.customFields ?? {}).map(([id, value]) => ({
      id: store.takeCustomFieldValueId(),
      field: Number(id),
      columns: { [store.customFields.get(Number(id))?.dataType ?? 'string']: value },
    })),
    notes: [],
    rootDocument: null,
    versionLabel: null,
  };
}

function storeVersion(around: Surroundings, upload: Upload, parsed: Parsed): DocumentRow {
  const { store, profile } = around;
  const root = store.documents.get(upload.versionOf);
  if (!root || root.deletedAt !== null)
    throw new ConsumerError(`${upload.fileName}: Document matching query does not exist.`);
  const version = addVersion(store, root, {
    file: upload.file,
    checksum: upload.file[profile.checksum],
    label: upload.versionLabel,
    owner: root.owner,
    archive: parsed.archive,
    content: parsed.content,
    mimeType: upload.mimeType,
    pageCount: parsed.pageCount,
    originalFileName: upload.fileName,
  });
  fireWorkflows(around, 'updated', root);
  return version;
}

const storing = (fileName: string, reason: string): ConsumerError =>
  new ConsumerError(
    `${fileName}: The following error occurred while storing document ${fileName} after parsing: ${reason}`,
  );

function titleOf(store: Store, upload: Upload, now: Micros): string {
  const fallback = stem(upload.fileName);
  const asked = upload.overrides.title;
  if (asked === null) return cut(fallback);
  if (!/\{\{|\{%|\{#/.test(asked)) return cut(asked);
  try {
    return cut(renderTitle(asked, titleVariables(store, upload, now)) ?? fallback);
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error;
    throw storing(upload.fileName, "'NoneType' object is not subscriptable");
  }
}

const cut = (title: string): string => [...title].slice(0, MAX_TITLE).join('');

function titleVariables(store: Store, { fileName, overrides }: Upload, now: Micros): Record<string, string> {
  const added = isoTime(now);
  return {
    correspondent: store.matching.correspondent.get(overrides.correspondent)?.name ?? '',
    document_type: store.matching.document_type.get(overrides.documentType)?.name ?? '',
    owner_username: store.users.get(overrides.owner)?.username ?? '',
    original_filename: stem(fileName),
    filename: stem(fileName),
    added,
    added_year: added.slice(0, 4),
    added_year_short: added.slice(2, 4),
    added_month: added.slice(5, 7),
    added_day: added.slice(8, 10),
    added_time: added.slice(11, 16),
  };
}

/** Two workers may both have found an ASN free; the unique column lets one of them in (paperless-api.md 5.7). */
function refuseAtInsert({ store, options, profile }: Surroundings, { fileName, file, overrides }: Upload): void {
  const isSqlite = options.db === 'sqlite';
  const unique = (column: string): ConsumerError =>
    storing(
      fileName,
      isSqlite
        ? `UNIQUE constraint failed: documents_document.${column}`
        : `duplicate key value violates unique constraint "documents_document_${column}_key"`,
    );
  const { asn } = overrides;
  if (asn !== null && !isSqlite && asn > POSTGRES_MAX_ASN) throw storing(fileName, 'integer out of range');
  if (asn !== null && store.index.withAsn(asn)) throw unique('archive_serial_number');
  const twins = store.index
    .withChecksum(file[profile.checksum])
    .filter((row) => row.checksum === file[profile.checksum]);
  if (profile.refusesDuplicates && twins.length > 0) throw unique('checksum');
}

function visibleToOwner(store: Store, row: DocumentRow, kind: MatchingKind): MatchingObject[] {
  const owner = store.users.get(row.owner);
  const objects = store.matching[kind].filter((object) => owner === undefined || canSee(owner, object));
  return objects.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function addInboxTags(store: Store, row: DocumentRow): void {
  const inbox = visibleToOwner(store, row, 'tag').filter((tag) => tag.isInboxTag);
  row.tags = withAncestors(store, [...row.tags, ...inbox.map((tag) => tag.id)]);
}

function addMatchingTags(store: Store, row: DocumentRow): void {
  const matching = visibleToOwner(store, row, 'tag').filter((tag) => matchesContent(tag, row.content));
  row.tags = withAncestors(store, [...row.tags, ...matching.map((tag) => tag.id)]);
}

function matchReferences(store: Store, row: DocumentRow): void {
  const firstMatch = (kind: MatchingKind): number | null =>
    visibleToOwner(store, row, kind).find((object) => matchesContent(object, row.content))?.id ?? null;
  row.correspondent ??= firstMatch('correspondent');
  row.documentType ??= firstMatch('document_type');
  row.storagePath ??= firstMatch('storage_path');
}
