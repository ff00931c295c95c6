/** The file of a master document, verified against the master's own checksum before anything is sent (E8). */
import { newestVersion } from '../../domain/versions.ts';
import type { PaperlessDocument } from '../../domain/model.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Checksum, DownloadedFile } from '../../paperless/api.ts';
import type { MasterFile } from '../../domain/versions.ts';
import type { LentFile, ScratchFile } from '../scratch.ts';
import { masterDocument, save, type DocumentWork } from './work.ts';

/** Original checksum of the newest file: free on 3.x (in the document), one cheap probe on 2.20; null if it vanished. */
export async function masterChecksum(work: DocumentWork, document: PaperlessDocument): Promise<Checksum | null> {
  const newest = newestVersion(document);
  if (newest)
    return { algorithm: newest.checksum.length === 32 ? 'md5' : 'sha256', hex: newest.checksum.toLowerCase() };
  return work.master.originalChecksum(document.id, work.signal);
}

/**
 * The files of the master's document, oldest first; null if it vanished. An unchanged document of a 2.20 master would cost a
 * probe at every look, and its file can only change with `modified`.
 */
export async function masterFiles(work: DocumentWork, master: PaperlessDocument): Promise<MasterFile[] | null> {
  if (master.versions.length > 0)
    return [...master.versions]
      .sort((a, b) => a.id - b.id)
      .map(({ id, checksum, label }) => ({ id, checksum: checksum.toLowerCase(), label }));
  const { file_md5: known, master_modified: seen, recheck_file: recheck } = work.link;
  const fresh = work.lent !== null || (seen === master.modified && !recheck);
  const checksum = known !== null && fresh ? known : (await work.master.originalChecksum(master.id, work.signal))?.hex;
  return checksum ? [{ id: master.id, checksum: checksum.toLowerCase(), label: undefined }] : null;
}

/** Original checksum of a document on the replica. */
export async function copyChecksum(work: DocumentWork, document: PaperlessDocument): Promise<string | null> {
  const root = document.versions.find((version) => version.isRoot);
  if (root) return root.checksum.toLowerCase();
  return (await work.writer.originalChecksum(document.id, work.signal))?.hex.toLowerCase() ?? null;
}

/** Whether a checksum of either family is that of these bytes. */
export function matches(file: Pick<DownloadedFile, 'md5' | 'sha256'>, hex: string): boolean {
  return hex.length === 32 ? file.md5 === hex.toLowerCase() : file.sha256 === hex.toLowerCase();
}

/** What becomes the document itself: on 3.x its first file, the further ones follow as versions; 2.20 takes the newest alone. */
async function firstFile(
  work: DocumentWork,
  document: PaperlessDocument,
): Promise<{ checksum: string; versionId: number | null } | null> {
  const versions = [...document.versions].sort((a, b) => a.id - b.id);
  const version = work.findings.generation === 'v3' ? versions[0] : versions.at(-1);
  if (version) return { checksum: version.checksum.toLowerCase(), versionId: version.id };
  const checksum = await masterChecksum(work, document);
  return checksum && { checksum: checksum.hex, versionId: null };
}

/** Borrows the verified file for this look; null if the master document is gone. */
export async function borrowFile(work: DocumentWork): Promise<ScratchFile | null> {
  if (work.lent) return work.lent.file;
  for (let pass = 1; pass <= 3; pass += 1) {
    const document = await masterDocument(work);
    const wanted = document && (await firstFile(work, document));
    if (!document || !wanted) return null;
    const lent = await lend(work, document.id, wanted);
    if (lent) return keep(work, lent);
    // The file may have been replaced between the two answers: read the document anew and take what it says now.
    work.masterDoc = null;
  }
  throw fileMismatch(work);
}

export interface LentVersion extends LentFile {
  readonly fileName: string;
}

/** One file of the master, verified, under its own upload name; null if the master does not have it any more. Give it back. */
export async function borrowVersion(
  work: DocumentWork,
  master: PaperlessDocument,
  file: MasterFile,
): Promise<LentVersion | null> {
  const versionId = master.versions.length === 0 ? null : file.id;
  const facts = versionId === null ? null : await work.master.versionFacts(master.id, versionId, work.signal);
  if (versionId !== null && !facts) return null;
  for (let pass = 1; pass <= 3; pass += 1) {
    const lent = await lend(work, master.id, { checksum: file.checksum, versionId });
    if (lent?.fetched) work.bytes += lent.file.size;
    if (lent) return { ...lent, fileName: facts?.fileName ?? master.originalFileName ?? `document-${master.id}` };
    const now = await work.master.document(master.id, work.signal);
    if (now?.modified !== master.modified) return null;
  }
  throw fileMismatch(work);
}

/** Null: what came has another checksum than the master states. */
async function lend(
  work: DocumentWork,
  id: number,
  { checksum, versionId }: { checksum: string; versionId: number | null },
): Promise<LentFile | null> {
  const { master, signal, deps, link } = work;
  const key = `${id}.${checksum}`;
  const lent = await deps.scratch.lend(key, link.file_size, (path, room) =>
    versionId === null
      ? master.downloadOriginal(id, path, signal, room)
      : master.downloadVersion(id, versionId, path, signal, room),
  );
  if (matches(lent.file, checksum)) return lent;
  lent.giveBack();
  await deps.scratch.discard(key);
  return null;
}

function fileMismatch(work: DocumentWork): AppError {
  return new AppError({
    code: 'master_file_mismatch',
    class: 'invalid',
    message: `The file of master document #${work.link.master_doc_id} does not have the checksum that the master states.`,
    hint: "Run paperless' sanity checker on the master: the stored file is damaged, or was changed outside paperless.",
  });
}

async function keep(work: DocumentWork, lent: NonNullable<DocumentWork['lent']>): Promise<ScratchFile> {
  work.lent = lent;
  if (lent.fetched) work.bytes += lent.file.size;
  // Of a file that is to replace another one the link learns when it does (H14).
  if (work.replacement) await save(work, { phase: 'prepared' });
  else await saveFile(work, lent.file);
  return lent.file;
}

async function saveFile(work: DocumentWork, file: ScratchFile): Promise<void> {
  await save(work, {
    phase: 'prepared',
    file_checksum: file.sha256,
    file_md5: file.md5,
    file_size: file.size,
  });
}
