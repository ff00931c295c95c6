/** The file of a copy, as far as both documents tell it without a further request: 3.x shows checksums, 2.20 does not. */
import { alignVersions, newestVersion, type KnownVersion, type MasterFile } from './versions.ts';
import type { PaperlessDocument } from './model.ts';
import { notReplicable, type FieldReport } from './report.ts';

/** What the link knows of the file that was sent. */
export interface KnownFile {
  readonly md5: string | null;
  readonly sha256: string | null;
  /** As the replica keeps it, where that is known (H8). */
  readonly stored?: string | null;
  /** Which versions of the copy are known to be which files of the master (H9). */
  readonly versions?: readonly KnownVersion[];
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
  const compared = copy.versions.length > 0 ? compareVersions(master, copy, known) : compareNewest(master, known);
  return { differences: compared.differences, reports: [...reports, ...compared.reports] };
}

/** A 2.20 copy: the newest file of the master is the one that was sent. */
function compareNewest(master: PaperlessDocument, known: KnownFile): FileComparison {
  const newest = newestVersion(master);
  const expected = newest && (newest.checksum.length === 32 ? known.md5 : known.sha256);
  const count = master.versions.length;
  const reports =
    count > 1 ? [notReplicable('versions', `${count} versions on the master; the newest was carried over`)] : [];
  if (!newest || expected === null || expected === newest.checksum.toLowerCase()) return { differences: [], reports };
  return { differences: [{ field: 'file', wanted: newest.checksum, actual: expected }], reports };
}

/** A 3.x copy: content first, in order, then what the versions are called. */
function compareVersions(master: PaperlessDocument, copy: PaperlessDocument, known: KnownFile): FileComparison {
  const files = filesOf(master, copy, known);
  if (files === null) return { differences: [], reports: [] };
  const plan = alignVersions({
    master: files,
    copy: copy.versions,
    known: known.versions ?? [],
    root: { sha256: known.sha256, md5: known.md5, stored: known.stored ?? null },
    inTrash: null,
  });
  const equal =
    plan.missing.length === 0 && plan.surplus.length === 0 && !plan.restore && !plan.pairs.some((one) => one.altered);
  const reports = versionReports(plan, files);
  const actual = [...copy.versions].sort((a, b) => a.id - b.id).map(({ checksum }) => checksum);
  if (!equal)
    return { differences: [{ field: 'file', wanted: files.map(({ checksum }) => checksum), actual }], reports };
  if (plan.labels.length === 0) return { differences: [], reports };
  const [wanted, labels] = [plan.labels.map(({ label }) => label), plan.labels.map(({ version }) => version.label)];
  return { differences: [{ field: 'versions', wanted, actual: labels }], reports };
}

/** The master's files; of a 2.20 master the one that was sent last, since its documents do not tell. Null: nobody knows. */
function filesOf(master: PaperlessDocument, copy: PaperlessDocument, known: KnownFile): MasterFile[] | null {
  if (master.versions.length > 0)
    return [...master.versions]
      .sort((a, b) => a.id - b.id)
      .map(({ id, checksum, label }) => ({ id, checksum: checksum.toLowerCase(), label }));
  const checksum = copy.versions[0]?.checksum.length === 32 ? known.md5 : (known.sha256 ?? known.md5);
  return checksum === null ? null : [{ id: master.id, checksum, label: undefined }];
}

export function versionReports(
  plan: { readonly older: readonly MasterFile[]; readonly strayRoot: boolean },
  files: readonly MasterFile[],
): FieldReport[] {
  const reports: FieldReport[] = [];
  if (plan.older.length > 0)
    reports.push(
      notReplicable('versions', `${plan.older.length} older versions of the master were never sent; the newest counts`),
    );
  // Of a 2.20 master the earlier file is what it was: it changed the only one it has.
  if (plan.strayRoot && files[0]?.label !== undefined)
    reports.push(
      notReplicable('versions', "the copy's first file is none of the master's versions and cannot be taken away"),
    );
  return reports;
}
