/**
 * The files of a document on both sides (protocol H9). On 3.x a document is a list of versions in the order of their ids; a
 * 2.20 document has one file, which counts as a list of one. What the master shows is compared with what the copy shows and
 * with what is known of how the two belong together; out comes what has to be done, one step at a time.
 */
import type { DocumentVersion, PaperlessDocument } from './model.ts';
import { isVersionLabel } from './version-rules.ts';

/** The file that counts: the newest version (highest id, paperless-api.md 8.2); null where the instance has no versions. */
export function newestVersion(document: Pick<PaperlessDocument, 'versions'>): DocumentVersion | null {
  return document.versions.reduce<DocumentVersion | null>(
    (newest, version) => (newest && newest.id > version.id ? newest : version),
    null,
  );
}

/** One file as the master has it. */
export interface MasterFile {
  readonly id: number;
  readonly checksum: string;
  /** undefined: a 2.20 master knows no labels, so only our own marks are taken away. */
  readonly label: string | null | undefined;
}

/** What is remembered of one file that was carried over. */
export interface KnownVersion {
  readonly masterVersionId: number;
  readonly replicaVersionId: number;
  /** Of the bytes as the master has them. */
  readonly sha256: string | null;
  readonly md5: string | null;
  /** Of the bytes as the replica keeps them: another where it alters files (H8). Empty: not seen yet. */
  readonly stored: string;
  /** `superseded`: a 2.20 master changed its one file since. `removed`: we moved the version to the trash. */
  readonly state: 'current' | 'superseded' | 'removed';
}

/** What the link knows of the file that was uploaded as the document itself. */
export interface RootFile {
  readonly sha256: string | null;
  readonly md5: string | null;
  readonly stored: string | null;
}

export interface AlignInput {
  readonly master: readonly MasterFile[];
  readonly copy: readonly DocumentVersion[];
  readonly known: readonly KnownVersion[];
  readonly root: RootFile;
  /** Versions of this copy in the replica's trash; null where nobody looked yet. */
  readonly inTrash: ReadonlySet<number> | null;
}

export interface VersionPair {
  readonly file: MasterFile;
  readonly version: DocumentVersion;
  /** Found by its bytes alone: to be remembered. */
  readonly fresh: boolean;
  readonly altered: boolean;
}

export interface Alignment {
  readonly pairs: readonly VersionPair[];
  /** Files of the master that are older than the first one carried over: the copy was made when one file was all it took. */
  readonly older: readonly MasterFile[];
  /** The copy's first file is none of the master's, and a first file cannot be taken away. */
  readonly strayRoot: boolean;
  /** A version to bring back from the trash, before anything else. */
  readonly restore: { readonly file: MasterFile; readonly versionId: number } | null;
  /** The answer depends on what is in the trash. */
  readonly needsTrash: boolean;
  /** `foreign`: no work of ours, so somebody of the replica made it. */
  readonly surplus: readonly { readonly version: DocumentVersion; readonly foreign: boolean }[];
  /** To be uploaded, in this order. */
  readonly missing: readonly MasterFile[];
  readonly labels: readonly { readonly version: DocumentVersion; readonly label: string | null }[];
}

export function alignVersions(input: AlignInput): Alignment {
  const rows = [...input.copy].sort((a, b) => a.id - b.id);
  const root = rows.find((row) => row.isRoot);
  const first = root ? rootStandsFor(input, root) : null;
  const walk = walkFrom(input, rows, root, first);
  const pairedIds = new Set(walk.pairs.map(({ version }) => version.id));
  const superseded = supersededBelow(input, walk, Math.max(0, ...pairedIds));
  const ours = new Set(input.known.map(({ replicaVersionId }) => replicaVersionId));
  const surplus = rows
    .filter((row) => !row.isRoot && !pairedIds.has(row.id) && !superseded.has(row.id))
    .map((version) => ({ version, foreign: !ours.has(version.id) && !isVersionLabel(version.label) }));
  return {
    ...walk,
    older: input.master.slice(0, walk.start),
    strayRoot: root !== undefined && first === null,
    surplus,
    labels: walk.pairs.flatMap(wrongLabel),
  };
}

/** Earlier files of a 2.20 master, which keeps none: they may stay below the one that counts, never above it. */
function supersededBelow({ known, master }: AlignInput, walk: Walk, lastId: number): Set<number> {
  const changed = (one: KnownVersion) => master.some((file) => file.id === one.masterVersionId && !isSame(one, file));
  return new Set(
    known
      .filter((one) => one.state === 'superseded' || (one.state === 'current' && changed(one)))
      .filter(({ replicaVersionId }) => walk.missing.length > 0 || replicaVersionId < lastId)
      .map(({ replicaVersionId }) => replicaVersionId),
  );
}

/** Equal in every version and label: nothing to do. */
export function isAligned(alignment: Alignment): boolean {
  const { restore, surplus, missing, labels } = alignment;
  return restore === null && surplus.length === 0 && missing.length === 0 && labels.length === 0;
}

function wrongLabel({ file, version }: VersionPair): { version: DocumentVersion; label: string | null }[] {
  const label = file.label === undefined ? (isVersionLabel(version.label) ? null : version.label) : file.label;
  return label === version.label ? [] : [{ version, label }];
}

/** Which of the master's files the copy's first file is: by memory, by bytes, or by what the link knows of its upload. */
function rootStandsFor(input: AlignInput, root: DocumentVersion): { index: number; fresh: boolean } | null {
  const remembered = input.known.find((one) => one.replicaVersionId === root.id);
  if (remembered) {
    const index = input.master.findIndex((file) => remembered.state === 'current' && isSame(remembered, file));
    if (index >= 0) return { index, fresh: false };
    if (remembered.state !== 'current') return null;
  }
  const equal = (file: MasterFile) =>
    sameBytes(input.root, file.checksum, root.checksum) ||
    // A later version with the true bytes is that file; then the first one only is what was there before.
    (!input.copy.some((row) => sameBytes(input.root, file.checksum, row.checksum)) &&
      isAlteredUpload(input.root, file.checksum, root.checksum));
  // The first one before all others: it is what a copy is made of. Any later one was the newest when it was uploaded.
  const index = input.master.findIndex(equal) === 0 ? 0 : input.master.findLastIndex(equal);
  return index < 0 ? null : { index, fresh: true };
}

/** What was uploaded is the master's file, and the replica keeps other bytes than were sent (H8). */
function isAlteredUpload({ sha256, md5, stored }: RootFile, master: string, copy: string): boolean {
  if (stored === null || (master.length === 32 ? md5 : sha256) !== master) return false;
  // An instance upgraded to 3.x keeps another kind of checksum: there only what was altered before is known to be.
  return stored.length === copy.length ? stored === copy : stored !== md5;
}

interface Walk {
  readonly start: number;
  readonly pairs: VersionPair[];
  readonly restore: Alignment['restore'];
  readonly needsTrash: boolean;
  readonly missing: readonly MasterFile[];
}

/**
 * The longest beginning of the master's list that the copy has, or can have back, in the order of its ids. New versions get
 * ever higher ids, so whatever comes after the first gap has to be sent again.
 */
function walkFrom(
  input: AlignInput,
  rows: readonly DocumentVersion[],
  root: DocumentVersion | undefined,
  first: { index: number; fresh: boolean } | null,
): Walk {
  const pairs: VersionPair[] = [];
  let last = root?.id ?? 0;
  let at = first?.index ?? firstCarried(input, rows);
  const start = at;
  let restore: Alignment['restore'] = null;
  const file = input.master[at];
  if (root && first && file) {
    pairs.push(pairOf(input, file, root, first.fresh));
    at += 1;
  }
  for (; at < input.master.length; at += 1) {
    const wanted = input.master[at] as MasterFile;
    const found = liveVersion(input, rows, wanted, last);
    if (found) {
      pairs.push(pairOf(input, wanted, found.version, found.fresh));
      last = found.version.id;
      continue;
    }
    const away = goneVersions(input, rows, wanted, last);
    if (away.length > 0 && input.inTrash === null)
      return { start, pairs, restore, needsTrash: true, missing: input.master.slice(at) };
    const back = away.find((id) => input.inTrash?.has(id));
    if (back === undefined) break;
    restore ??= { file: wanted, versionId: back };
    last = back;
  }
  return { start, pairs, restore, needsTrash: false, missing: input.master.slice(at) };
}

/** With a first file that is none of the master's the list cannot become equal: only what was begun, else the newest, counts. */
function firstCarried(input: AlignInput, rows: readonly DocumentVersion[]): number {
  const carried = input.master.findIndex((file) => liveVersion(input, rows, file, 0) !== null);
  return carried >= 0 ? carried : Math.max(0, input.master.length - 1);
}

function liveVersion(
  input: AlignInput,
  rows: readonly DocumentVersion[],
  file: MasterFile,
  after: number,
): { version: DocumentVersion; fresh: boolean } | null {
  const later = rows.filter((row) => !row.isRoot && row.id > after);
  for (const version of later) {
    const known = input.known.find((one) => one.replicaVersionId === version.id);
    if (!known || !isSame(known, file)) continue;
    if (known.stored === version.checksum || known.stored === '') return { version, fresh: known.stored === '' };
  }
  const owned = new Set(input.known.map((one) => one.replicaVersionId));
  const fresh = later.find((row) => !owned.has(row.id) && sameBytes(input.root, file.checksum, row.checksum));
  return fresh ? { version: fresh, fresh: true } : null;
}

function goneVersions(input: AlignInput, rows: readonly DocumentVersion[], file: MasterFile, after: number): number[] {
  const live = new Set(rows.map((row) => row.id));
  return input.known
    .filter((known) => known.replicaVersionId > after && !live.has(known.replicaVersionId) && isSame(known, file))
    .map((known) => known.replicaVersionId)
    .sort((a, b) => a - b);
}

function pairOf(input: AlignInput, file: MasterFile, version: DocumentVersion, fresh: boolean): VersionPair {
  return { file, version, fresh, altered: !sameBytes(input.root, file.checksum, version.checksum, input.known) };
}

function isSame(known: KnownVersion, file: MasterFile): boolean {
  if (known.masterVersionId !== file.id) return false;
  return (file.checksum.length === 32 ? known.md5 : known.sha256) === file.checksum;
}

/** Equal bytes, across the two families of checksums as far as somebody hashed them (MD5 on 2.20, SHA-256 on 3.x). */
function sameBytes(root: RootFile, master: string, copy: string, known: readonly KnownVersion[] = []): boolean {
  if (master.length === copy.length) return master === copy;
  const [md5, sha256] = master.length === 32 ? [master, copy] : [copy, master];
  return [root, ...known].some((one) => one.md5 === md5 && one.sha256 === sha256);
}
