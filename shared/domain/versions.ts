import type { DocumentVersion, PaperlessDocument } from './model.ts';

/** The file that counts: the newest version (highest id, paperless-api.md 8.2); null where the instance has no versions. */
export function newestVersion(document: Pick<PaperlessDocument, 'versions'>): DocumentVersion | null {
  return document.versions.reduce<DocumentVersion | null>(
    (newest, version) => (newest && newest.id > version.id ? newest : version),
    null,
  );
}
