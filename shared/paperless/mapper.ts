/** From an instance's JSON to the words of the product. */
import { FIELD_TYPES } from '../domain/model.ts';
import type { CustomFieldDefinition, Note, PaperlessDocument, TaxonomyKind, TaxonomyObject } from '../domain/model.ts';
import { AppError } from '../kernel/errors.ts';
import type { Checksum } from './api.ts';
import { monetaryData, selectData } from './wire.ts';
import type { WireCustomField, WireDocument, WireNote, WireTaxonomy } from './wire.ts';

export function toDocument(wire: WireDocument): PaperlessDocument {
  return {
    id: wire.id,
    title: wire.title,
    content: wire.content,
    created: wire.created,
    modified: wire.modified,
    added: wire.added,
    asn: wire.archive_serial_number,
    correspondent: wire.correspondent,
    documentType: wire.document_type,
    storagePath: wire.storage_path,
    tags: wire.tags,
    owner: wire.owner,
    permissions: wire.permissions ?? null,
    customFields: wire.custom_fields.map(({ field, value }) => ({ field, value })),
    notes: toNotes(wire.notes),
    originalFileName: wire.original_file_name,
    // named only where an archive file exists (paperless-api.md 2.7)
    hasArchive: (wire.archived_file_name ?? null) !== null,
    mimeType: wire.mime_type ?? null,
    pageCount: wire.page_count ?? null,
    versions: toVersions(wire.versions),
  };
}

/** Ids grow with every version, so their order is the order of the versions (paperless-api.md 8.2). */
export function toVersions(wire: WireDocument['versions']): PaperlessDocument['versions'] {
  return (wire ?? [])
    .toSorted((a, b) => a.id - b.id)
    .map((version) => ({
      id: version.id,
      added: version.added,
      label: version.version_label,
      checksum: version.checksum.toLowerCase(),
      isRoot: version.is_root,
    }));
}

export function toNotes(wire: readonly WireNote[]): Note[] {
  return wire.map((note) => ({
    id: note.id,
    text: note.note,
    created: note.created,
    username: note.user?.username ?? null,
  }));
}

export function toTaxonomyObject(kind: TaxonomyKind, wire: WireTaxonomy): TaxonomyObject {
  return {
    id: wire.id,
    kind,
    name: wire.name,
    owner: wire.owner ?? null,
    match: wire.match,
    matchingAlgorithm: wire.matching_algorithm,
    isInsensitive: wire.is_insensitive,
    permissions: wire.permissions ?? null,
    color: wire.color ?? null,
    isInboxTag: wire.is_inbox_tag ?? false,
    parent: wire.parent ?? null,
    path: wire.path ?? null,
  };
}

export function toCustomField(wire: WireCustomField): CustomFieldDefinition {
  const dataType = FIELD_TYPES.find((type) => type === wire.data_type);
  if (dataType === undefined) throw unknownField(wire, 'has a type that is not known');
  const { selectOptions, defaultCurrency } = extrasOf(wire);
  return { id: wire.id, name: wire.name, dataType, selectOptions, defaultCurrency };
}

function extrasOf(wire: WireCustomField): Pick<CustomFieldDefinition, 'selectOptions' | 'defaultCurrency'> {
  if (wire.data_type === 'select') {
    const parsed = selectData.safeParse(wire.extra_data);
    if (!parsed.success) throw unknownField(wire, 'has no readable option list');
    return { selectOptions: parsed.data.select_options, defaultCurrency: null };
  }
  const parsed = wire.data_type === 'monetary' ? monetaryData.safeParse(wire.extra_data) : undefined;
  return {
    selectOptions: [],
    defaultCurrency: (parsed?.success === true ? parsed.data.default_currency : null) || null,
  };
}

/** Leaving the field out would read as "deleted on that instance", so the whole list is refused. */
function unknownField(wire: WireCustomField, why: string): AppError {
  return new AppError({
    code: 'unsupported_field_type',
    class: 'incompatible',
    message: `The custom field "${wire.name}" ${why}.`,
    scope: 'instance',
  });
}

/** MD5 on v2, SHA-256 on v3, told apart by length as an upgrade changes it (paperless-api.md 18.10). */
export function toChecksum(hex: string): Checksum {
  return { algorithm: hex.length === 32 ? 'md5' : 'sha256', hex: hex.toLowerCase() };
}

/** `"<hash>"` on v2, `"<hash>:<modified>"` on v3, `W/` before it where something compresses (paperless-api.md 3.2, 3.3). */
export function checksumOfEtag(etag: string | undefined): Checksum | null {
  const hex = /^(?:W\/)?"([0-9a-f]{64}|[0-9a-f]{32})(?::[^"]*)?"$/i.exec(etag ?? '')?.[1];
  return hex === undefined ? null : toChecksum(hex);
}
