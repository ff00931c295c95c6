/** The one file of a copy on a 2.20 replica. It cannot be replaced in place (paperless-api.md 8.3). */
import type { PaperlessDocument } from '../../domain/model.ts';
import { notReplicable } from '../../domain/report.ts';
import { allClosed } from './attempt-facts.ts';
import { borrowFile, masterFiles, matches } from './file.ts';
import { mayReplace } from './foreign-file.ts';
import { beginReplacement } from './replace.ts';
import { end, go, reservedFor, type DocumentWork, type Step } from './work.ts';

const SWITCH_ON =
  'Switch on "replace files" (replace_files_on_v2) for this replica to have the file uploaded anew and the old copy moved to the trash.';

export async function checkSingleFile(
  work: DocumentWork,
  master: PaperlessDocument,
  copy: PaperlessDocument,
): Promise<Step | null> {
  // One at a time: what is being replaced is finished first, then the file is looked at again.
  if (work.replacement) return null;
  const files = await masterFiles(work, master);
  const newest = files?.at(-1);
  if (!files || !newest) {
    work.masterDoc = null;
    return go('claimed');
  }
  if (files.length > 1)
    work.fileReports.push(
      notReplicable('versions', `${files.length} versions on the master; the newest was carried over`),
    );
  const { stored_checksum: stored } = work.link;
  const actual = await copyFile(work, copy);
  if (stored !== null && actual !== null && actual.length === stored.length && actual !== stored) {
    if (!(await mayReplace(work, { wanted: [newest.checksum], actual: [actual], shown: {} }))) return null;
    return onDifference(work, copy, 'The file was changed on the replica and differs; it cannot be put back on 2.20.');
  }
  const verdict = await judge(work, newest.checksum);
  if (verdict === 'differs')
    return onDifference(work, copy, 'The file changed on the master and differs; it cannot be replaced on 2.20.');
  if (verdict === 'altered')
    work.fileStep = end('blocked', 'altered_by_replica', 'The replica stores other bytes than were sent.');
  return null;
}

/** Behind its switch the file is uploaded anew (H14); before that nothing may still come of an earlier upload. */
async function onDifference(work: DocumentWork, copy: PaperlessDocument, why: string): Promise<Step | null> {
  if (!work.replica.replace_files_on_v2) {
    work.fileStep = end('blocked', 'file_changed', `${why} All other fields are equal. ${SWITCH_ON}`);
    return null;
  }
  if (work.replica.uploads_held !== null) {
    work.fileStep = end('held', 'uploads_held', `Uploads to this replica wait: ${work.replica.uploads_held}.`);
    return null;
  }
  if (!allClosed(work)) return null;
  if (copy.asn !== null && copy.asn === reservedFor(work)) {
    // Else the new upload's number would be refused for the old copy, for ever. The fields first, then the file again.
    work.fileStep = go('claimed');
    return null;
  }
  const actual = work.copyFile ?? (await work.writer.originalChecksum(copy.id, work.signal))?.hex.toLowerCase();
  return actual ? beginReplacement(work, copy, actual) : go('claimed');
}

/** A probe costs a request, so it is made only where the copy moved since it was last equal, or somebody asked for it. */
async function copyFile(work: DocumentWork, copy: PaperlessDocument): Promise<string | null> {
  const { replica_modified: seen, recheck_file: recheck } = work.link;
  if (work.copyFile === null && (recheck || (seen !== null && seen !== copy.modified)))
    work.copyFile = (await work.writer.originalChecksum(copy.id, work.signal))?.hex.toLowerCase() ?? null;
  return work.copyFile;
}

async function judge(work: DocumentWork, wanted: string): Promise<'equal' | 'differs' | 'altered'> {
  // An adopted copy whose bytes were only ever told by the other family of checksums: hashed here, once.
  const adopted = (wanted.length === 32 ? work.link.file_md5 : work.link.file_checksum) === null;
  if (adopted) await borrowFile(work);
  const { file_checksum: sha256, file_md5: md5, stored_checksum: stored } = work.link;
  const sent = { sha256: sha256 ?? '', md5: md5 ?? '' };
  const stands = stored === null || matches(sent, stored);
  if (!matches(sent, wanted) || (adopted && !stands)) return 'differs';
  return stands ? 'equal' : 'altered';
}
