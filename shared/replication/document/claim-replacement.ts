import { saveNotePairs } from '../../db/note-links.repo.ts';
import type { PaperlessDocument } from '../../domain/model.ts';
import { abandon, stepTo } from './replacement.ts';
import { go, type DocumentWork, type Step } from './work.ts';

/** Step r2: compare-and-set of the new copy, before any PATCH. The old copy itself: its bytes are the wanted ones again. */
export async function claimReplacement(work: DocumentWork, copy: PaperlessDocument, stored: string): Promise<Step> {
  const { replacement } = work;
  if (!replacement) return go('pending');
  if (copy.id === replacement.old_doc_id) {
    await abandon(work);
    return go('claimed');
  }
  const sent = work.attempts.find(({ md5, sha256 }) => md5 === stored || sha256 === stored) ?? work.attempts.at(-1);
  const file = sent ?? work.lent?.file;
  await saveNotePairs(work.deps.db, work.link.id, []);
  await stepTo(work, 'r2', {
    new_doc_id: copy.id,
    new_added: copy.added,
    new_checksum: stored,
    new_sha256: file?.sha256 ?? null,
    new_md5: file?.md5 ?? null,
    new_size: file?.size ?? null,
  });
  work.transferred = true;
  return go('claimed');
}
