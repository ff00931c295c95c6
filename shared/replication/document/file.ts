/** The file of a master document, verified against the master's own checksum before anything is sent (E8). */
import { newestVersion } from '../../domain/versions.ts';
import type { PaperlessDocument } from '../../domain/model.ts';
import { AppError } from '../../kernel/errors.ts';
import type { Checksum, DownloadedFile } from '../../paperless/api.ts';
import type { ScratchFile } from '../scratch.ts';
import { masterDocument, save, type DocumentWork } from './work.ts';

/** Original checksum of the newest file: free on 3.x (in the document), one cheap probe on 2.20; null if it vanished. */
export async function masterChecksum(work: DocumentWork, document: PaperlessDocument): Promise<Checksum | null> {
  const newest = newestVersion(document);
  if (newest)
    return { algorithm: newest.checksum.length === 32 ? 'md5' : 'sha256', hex: newest.checksum.toLowerCase() };
  return work.master.originalChecksum(document.id, work.signal);
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

/** Borrows the verified file for this look; null if the master document is gone. */
export async function borrowFile(work: DocumentWork): Promise<ScratchFile | null> {
  if (work.lent) return work.lent.file;
  for (let pass = 1; pass <= 3; pass += 1) {
    const document = await masterDocument(work);
    const checksum = document && (await masterChecksum(work, document));
    if (!document || !checksum) return null;
    const key = `${document.id}.${checksum.hex}`;
    const lent = await work.deps.scratch.lend(key, work.link.file_size, (path) =>
      work.master.downloadOriginal(document.id, path, work.signal),
    );
    if (matches(lent.file, checksum.hex)) return keep(work, lent);
    lent.giveBack();
    await work.deps.scratch.discard(key);
    // The file may have been replaced between the two answers: read the document anew and take what it says now.
    work.masterDoc = null;
  }
  throw new AppError({
    code: 'master_file_mismatch',
    class: 'invalid',
    message: `The file of master document #${work.link.master_doc_id} does not have the checksum that the master states.`,
    hint: "Run paperless' sanity checker on the master: the stored file is damaged, or was changed outside paperless.",
  });
}

async function keep(work: DocumentWork, lent: NonNullable<DocumentWork['lent']>): Promise<ScratchFile> {
  work.lent = lent;
  if (lent.fetched) work.bytes += lent.file.size;
  await save(work, {
    phase: 'prepared',
    file_checksum: lent.file.sha256,
    file_md5: lent.file.md5,
    file_size: lent.file.size,
  });
  return lent.file;
}
