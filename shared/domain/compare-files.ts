/** The file of a copy, as far as both documents tell it without a further request: 3.x shows checksums, 2.20 does not. */
import { newestVersion } from './versions.ts';
import type { DocumentVersion, PaperlessDocument } from './model.ts';
import { notReplicable, type FieldReport } from './report.ts';

/** What the link knows of the file that was sent. */
export interface KnownFile {
  readonly md5: string | null;
  readonly sha256: string | null;
}

export interface FileComparison {
  readonly differences: readonly {
    readonly field: 'file' | 'versions';
    readonly wanted: unknown;
    readonly actual: unknown;
  }[];
  readonly reports: readonly FieldReport[];
}

export function compareFiles(master: PaperlessDocument, copy: PaperlessDocument, known: KnownFile): FileComparison {
  const reports: FieldReport[] = [];
  const [name, copyName] = [master.originalFileName?.normalize('NFC'), copy.originalFileName?.normalize('NFC')];
  if (name !== undefined && name !== copyName)
    reports.push(notReplicable('original_file_name', 'the copy was adopted and keeps the name it was uploaded under'));
  if (master.versions.length > 1 && copy.versions.length === 0)
    reports.push(
      notReplicable('versions', `${master.versions.length} on the master; the newest file was carried over`),
    );
  return { differences: differing(master, copy, known), reports };
}

function differing(
  master: PaperlessDocument,
  copy: PaperlessDocument,
  known: KnownFile,
): FileComparison['differences'] {
  if (master.versions.length > 0 && copy.versions.length > 0) return differingVersions(master.versions, copy.versions);
  const seen = newestVersion(master) ?? newestVersion(copy);
  if (!seen) return [];
  const expected = seen.checksum.length === 32 ? known.md5 : known.sha256;
  if (expected === null || expected === seen.checksum.toLowerCase()) return [];
  const [wanted, actual] = newestVersion(master) ? [seen.checksum, expected] : [expected, seen.checksum];
  return [{ field: 'file', wanted, actual }];
}

/** Equal as ordered lists (protocol section 4): content first, then what the versions are called. */
function differingVersions(
  master: readonly DocumentVersion[],
  copy: readonly DocumentVersion[],
): FileComparison['differences'] {
  const inOrder = (versions: readonly DocumentVersion[]) => [...versions].sort((a, b) => a.id - b.id);
  const checksums = (versions: readonly DocumentVersion[]) =>
    inOrder(versions).map((one) => one.checksum.toLowerCase());
  const labels = (versions: readonly DocumentVersion[]) => inOrder(versions).map((one) => one.label);
  const [files, copied] = [checksums(master), checksums(copy)];
  if (files.join() !== copied.join()) return [{ field: 'file', wanted: files, actual: copied }];
  const [wanted, actual] = [labels(master), labels(copy)];
  return JSON.stringify(wanted) === JSON.stringify(actual) ? [] : [{ field: 'versions', wanted, actual }];
}
