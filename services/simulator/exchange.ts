/**
 * document_exporter and document_importer. What makes them matter to whoever compares two instances: ids are kept, every
 * time is cut to milliseconds, and `modified` becomes the time of the import (paperless-api.md 17, engine-protocol.md F7).
 */

import { z } from 'zod';
import type { Instance } from './context.ts';
import type { Blob } from './state/blobs.ts';
import type { CustomField, DocumentRow, Group, MatchingObject, Micros, User } from './state/model.ts';
import type { Store, StoredRow } from './state/store.ts';

/** A folder as document_exporter leaves it: its manifest and the files of the documents. */
export interface LibraryExport {
  readonly version: string;
  readonly rows: readonly StoredRow[];
  /** By SHA-256. */
  readonly files: ReadonlyMap<string, Buffer>;
}

const cut = (time: Micros): Micros => Math.floor(time / 1000) * 1000;
const cutOrNull = (time: Micros | null): Micros | null => (time === null ? null : cut(time));

export async function exportLibrary({ store, profile }: Instance): Promise<LibraryExport> {
  const rows = store.copies().filter(({ kind, row }) => isExported(kind, row, profile.name === 'v2'));
  const files = new Map<string, Buffer>();
  for (const { kind, row } of rows) {
    cutTimes(kind, row);
    if (kind !== 'document') continue;
    for (const blob of [(row as DocumentRow).file, (row as DocumentRow).archive])
      if (blob) files.set(blob.sha256, await store.blobs.read(blob));
  }
  return { version: profile.version, rows, files };
}

/** Neither tokens nor tasks; on v2 the trash stays behind as well. */
function isExported(kind: string, row: { id: number }, isV2: boolean): boolean {
  if (kind === 'document') return !isV2 || (row as DocumentRow).deletedAt === null;
  return kind !== 'task';
}

function cutTimes(kind: string, row: { id: number }): void {
  if (kind === 'user') Object.assign(row, { token: null, dateJoined: cut((row as User).dateJoined) });
  if (kind === 'custom_field') Object.assign(row, { created: cut((row as CustomField).created) });
  if (kind !== 'document') return;
  const document = row as DocumentRow;
  document.added = cut(document.added);
  document.modified = cut(document.modified);
  document.deletedAt = cutOrNull(document.deletedAt);
  for (const note of document.notes) note.created = cut(note.created);
}

export function importLibrary({ store, profile }: Instance, library: LibraryExport): void {
  if (library.version !== profile.version)
    throw new Error(`an export of ${library.version} does not load into ${profile.version}`);
  for (const { kind, row } of library.rows) refuseConflict(store, kind, row);
  const blobs = new Map([...library.files].map(([hash, bytes]) => [hash, store.blobs.put(bytes)]));
  for (const { kind, row } of library.rows) {
    if (kind === 'document') store.put(kind, importedDocument(store, row as DocumentRow, blobs));
    // Tokens have a table of their own, which an import leaves alone.
    else if (kind === 'user') store.put(kind, { ...row, token: store.users.get(row.id)?.token ?? null } as User);
    else store.put(kind, structuredClone(row));
  }
  store.passUsedNumbers();
}

function importedDocument(store: Store, row: DocumentRow, blobs: ReadonlyMap<string, Blob>): DocumentRow {
  const blobOf = (blob: Blob): Blob => {
    const found = blobs.get(blob.sha256);
    if (!found) throw new Error(`the file of document ${row.id} is not in the export`);
    return found;
  };
  const { file, archive, ...rest } = row;
  return {
    ...structuredClone(rest),
    file: blobOf(file),
    archive: archive && blobOf(archive),
    modified: store.clock.now(),
  };
}

/** Rows of one id are overwritten; anything else that must be unique aborts the import. */
function refuseConflict(store: Store, kind: string, row: { id: number }): void {
  const taken = conflictOf(store, kind, row);
  if (taken) throw new Error(`the import of ${kind} ${row.id} stops: ${taken}`);
}

function conflictOf(store: Store, kind: string, row: { id: number }): string | null {
  const named = <Row extends { id: number }>(rows: { filter(keep: (other: Row) => boolean): Row[] }, key: keyof Row) =>
    rows.filter((other) => other.id !== row.id && other[key] === (row as Row)[key]).length > 0
      ? 'its name is taken'
      : null;
  if (kind === 'user') return named<User>(store.users, 'username');
  if (kind === 'group') return named<Group>(store.groups, 'name');
  if (kind === 'custom_field') return named<CustomField>(store.customFields, 'name');
  if (kind === 'document') return documentConflict(store, row as DocumentRow);
  const table = Object.values(store.matching).find((candidate) => candidate.kind === kind);
  const object = row as MatchingObject;
  const same = table?.filter((other) => other.name === object.name && other.owner === object.owner) ?? [];
  return same.some((other) => other.id !== row.id) ? 'its name is taken' : null;
}

function documentConflict(store: Store, row: DocumentRow): string | null {
  if (store.documents.has(row.id)) return 'its file exists';
  const asn = row.archiveSerialNumber;
  return asn !== null && store.index.withAsn(asn) ? 'its archive serial number is taken' : null;
}

const wire = z.object({
  version: z.string(),
  rows: z.array(z.object({ kind: z.string(), row: z.looseObject({ id: z.number() }) })),
  files: z.record(z.string(), z.string()),
});

/** For another process: the files as base64, and no bytes inside the rows. */
export function toJson({ version, rows, files }: LibraryExport): z.input<typeof wire> {
  const plain = rows.map(({ kind, row }) => {
    if (kind !== 'document') return { kind, row: { ...row } };
    const { file, archive } = row as DocumentRow;
    return { kind, row: { ...row, file: withoutBytes(file), archive: archive && withoutBytes(archive) } };
  });
  return { version, rows: plain, files: Object.fromEntries([...files].map(([h, b]) => [h, b.toString('base64')])) };
}

const withoutBytes = (blob: Blob): Blob => ({ ...blob, name: null, bytes: null });

export function fromJson(input: unknown): LibraryExport {
  const { version, rows, files } = wire.parse(input);
  return {
    version,
    rows,
    files: new Map(Object.entries(files).map(([hash, text]) => [hash, Buffer.from(text, 'base64')])),
  };
}
