/** The file of a copy, before its fields: what it takes depends on the replica alone, since 2.20 has no versions (E7). */
import type { PaperlessDocument } from '../../domain/model.ts';
import { checkSingleFile } from './single-file.ts';
import { syncVersions, versionsStand } from './versions.ts';
import { go, readCopy, type DocumentWork, type Step } from './work.ts';

/** A step: the look ends here, or starts over. Null: go on with the fields; `work.fileStep` says what is left of the file. */
export async function syncFile(work: DocumentWork, master: PaperlessDocument): Promise<Step | null> {
  work.fileStep = null;
  work.contentHeld = false;
  work.fileReports = [];
  const copy = await readCopy(work);
  if (!copy) return null;
  return copy.versions.length > 0 ? syncVersions(work, master) : checkSingleFile(work, master, copy);
}

/** All fields are equal; the file decides how the look ends. Null: it is equal, too. */
export function compareFile(work: DocumentWork, copy: PaperlessDocument): Step | null {
  if (work.fileStep) return work.fileStep;
  return versionsStand(work, copy) ? null : go('claimed');
}
