import type { Blob } from '../state/blobs.ts';
import { type DocumentRow, noPermissions } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import { touch } from './links.ts';

export interface NewVersion {
  readonly file: Blob;
  readonly checksum: string;
  readonly label: string | null;
  readonly owner: number | null;
  readonly archive?: Blob | null;
  readonly content?: string;
  readonly mimeType?: string;
  readonly pageCount?: number | null;
  readonly originalFileName?: string | null;
}

/** A version is a row of its own below its root; title, date and owner are copied, the root itself only moves (8.2). */
export function addVersion(store: Store, root: DocumentRow, version: NewVersion): DocumentRow {
  const now = store.clock.now();
  const row: DocumentRow = {
    ...root,
    id: store.documents.takeId(),
    file: version.file,
    archive: version.archive ?? null,
    checksum: version.checksum,
    archiveChecksum: version.archive?.sha256 ?? null,
    content: version.content ?? root.content,
    mimeType: version.mimeType ?? root.mimeType,
    pageCount: version.pageCount === undefined ? root.pageCount : version.pageCount,
    originalFileName: version.originalFileName === undefined ? root.originalFileName : version.originalFileName,
    added: now,
    modified: now,
    archiveSerialNumber: null,
    permissions: noPermissions(),
    tags: [...root.tags],
    customFields: [],
    notes: [],
    rootDocument: root.id,
    versionLabel: version.label,
  };
  store.saveDocument(row);
  touch(store, root);
  return row;
}
