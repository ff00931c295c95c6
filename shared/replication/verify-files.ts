/** The two deeper depths: what both instances state of their files, and the files themselves (E22). */
import type { Difference } from '../domain/compare.ts';
import type { DocumentVersion, PaperlessDocument } from '../domain/model.ts';
import type { Depth } from '../domain/verification.ts';
import { newestVersion } from '../domain/versions.ts';
import type { Link } from '../db/tables.ts';
import type { Checksum, PaperlessReader } from '../paperless/api.ts';
import { orNull } from '../paperless/documents.ts';
import { matches } from './document/file.ts';
import type { Scene } from './verify-scene.ts';

export interface FilePair {
  readonly link: Link;
  readonly master: PaperlessDocument;
  readonly copy: PaperlessDocument;
}

export interface FileVerdict {
  /** `gone`: a file vanished under the eyes; the document is looked at again. */
  readonly kind: 'equal' | 'differs' | 'damaged' | 'gone';
  /** How deep the comparison went: checksums of two families cannot be compared without the bytes. */
  readonly reached: Depth;
  readonly masterFile: string | null;
  readonly copyFile: string | null;
  readonly bytes: number;
  readonly difference?: Difference;
  readonly damagedSide?: 'master' | 'replica';
}

export async function compareFilesOf(scene: Scene, pair: FilePair, depth: Depth): Promise<FileVerdict> {
  const [stated, copied] = await Promise.all([
    statedChecksum(scene, scene.master, pair.master),
    statedChecksum(scene, scene.copies, pair.copy),
  ]);
  if (stated === null || copied === null)
    return { kind: 'gone', reached: 'metadata', masterFile: named(stated), copyFile: named(copied), bytes: 0 };
  const shallow = compareStated(pair.link, stated, copied);
  if (depth !== 'bytes') return shallow;
  return compareBytes(scene, pair, stated, copied);
}

/** Free on 3.x, where documents name the checksums of their versions; one cheap probe on 2.20. */
async function statedChecksum(
  scene: Scene,
  reader: PaperlessReader,
  document: PaperlessDocument,
): Promise<Checksum | null> {
  const newest = newestVersion(document);
  return newest ? checksumOf(newest) : reader.originalChecksum(document.id, scene.signal);
}

function checksumOf({ checksum }: DocumentVersion): Checksum {
  return { algorithm: checksum.length === 32 ? 'md5' : 'sha256', hex: checksum.toLowerCase() };
}

function compareStated(link: Link, master: Checksum, copy: Checksum): FileVerdict {
  const files = { masterFile: named(master), copyFile: named(copy), bytes: 0 };
  if (master.algorithm === copy.algorithm) {
    if (master.hex === copy.hex) return { kind: 'equal', reached: 'checksum', ...files };
    return { kind: 'differs', reached: 'checksum', ...files, difference: fileDifference(files) };
  }
  // Two families: both hashes were taken of the bytes that were sent, so each side is held against its own.
  const { file_md5: md5, file_checksum: sha256 } = link;
  if (md5 === null || sha256 === null) return { kind: 'equal', reached: 'metadata', ...files };
  const sent = { md5, sha256 };
  if (matches(sent, master.hex) && matches(sent, copy.hex)) return { kind: 'equal', reached: 'checksum', ...files };
  return { kind: 'differs', reached: 'checksum', ...files, difference: fileDifference(files) };
}

async function compareBytes(scene: Scene, pair: FilePair, stated: Checksum, copied: Checksum): Promise<FileVerdict> {
  const copy = await hashOf(scene, scene.copies, pair.copy.id, pair.link.file_size);
  if (copy === null) return fileMissing('replica', named(stated), named(copied));
  const files = { masterFile: named(stated), copyFile: `sha256:${copy.sha256}`, bytes: copy.size };
  if (!matches(copy, copied.hex))
    return {
      kind: 'damaged',
      reached: 'bytes',
      ...files,
      damagedSide: 'replica',
      difference: fileDifference({
        masterFile: named(copied),
        copyFile: `${copied.algorithm}:${copy[copied.algorithm]}`,
      }),
    };
  if (stated.algorithm === copied.algorithm) {
    const equal = matches(copy, stated.hex);
    return {
      kind: equal ? 'equal' : 'differs',
      reached: 'bytes',
      ...files,
      ...(equal ? {} : { difference: fileDifference(files) }),
    };
  }
  return compareWithMaster(scene, pair, stated, copy);
}

/** Checksums of two families: the master's own bytes decide. */
async function compareWithMaster(
  scene: Scene,
  { master, link }: FilePair,
  stated: Checksum,
  copy: Hashed,
): Promise<FileVerdict> {
  const original = await hashOf(scene, scene.master, master.id, link.file_size);
  if (original === null) return fileMissing('master', null, named(stated));
  const files = {
    masterFile: `sha256:${original.sha256}`,
    copyFile: `sha256:${copy.sha256}`,
    bytes: copy.size + original.size,
  };
  if (!matches(original, stated.hex))
    return {
      kind: 'damaged',
      reached: 'bytes',
      ...files,
      damagedSide: 'master',
      difference: fileDifference({
        masterFile: `${stated.algorithm}:${original[stated.algorithm]}`,
        copyFile: named(stated),
      }),
    };
  if (original.sha256 === copy.sha256) return { kind: 'equal', reached: 'bytes', ...files };
  return { kind: 'differs', reached: 'bytes', ...files, difference: fileDifference(files) };
}

interface Hashed {
  readonly size: number;
  readonly md5: string;
  readonly sha256: string;
}

/** The document was there a moment ago, its file is not: lost on that instance's disk. */
function fileMissing(side: 'master' | 'replica', masterFile: string | null, copyFile: string | null): FileVerdict {
  const files = side === 'replica' ? { masterFile, copyFile: null } : { masterFile: null, copyFile };
  return {
    kind: 'damaged',
    reached: 'bytes',
    ...files,
    bytes: 0,
    damagedSide: side,
    difference: fileDifference(files),
  };
}

/** Streamed to scratch and removed at once: nothing that was verified stays on the controller. Null: there is no file. */
async function hashOf(
  scene: Scene,
  reader: PaperlessReader,
  id: number,
  sizeHint: number | null,
): Promise<Hashed | null> {
  const key = `verify.${scene.verification.id}.${reader.target}.${id}`;
  const lent = await orNull(() =>
    scene.deps.scratch.lend(key, sizeHint, (path, room) => reader.downloadOriginal(id, path, scene.signal, room)),
  );
  if (lent === null) return null;
  const { size, md5, sha256 } = lent.file;
  lent.giveBack();
  await scene.deps.scratch.discard(key);
  return { size, md5, sha256 };
}

function fileDifference({ masterFile, copyFile }: { masterFile: string | null; copyFile: string | null }): Difference {
  return { field: 'file', masterHash: masterFile, copyHash: copyFile, master: masterFile, copy: copyFile };
}

const named = (checksum: Checksum | null): string | null => checksum && `${checksum.algorithm}:${checksum.hex}`;
