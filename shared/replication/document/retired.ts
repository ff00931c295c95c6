/** Copies that a replacement moved to the trash (H14): their bytes bar the upload of the same bytes for ever, and are ours. */
import { retiredCopy } from '../../db/replacements.repo.ts';
import type { Attempt } from '../../db/tables.ts';
import { checkIdentity } from '../../domain/identity.ts';
import { adoptability, claim } from './claim.ts';
import { intendedWrite } from './intent.ts';
import type { DocumentWork, Step } from './work.ts';

/** Refused as a duplicate of one of them: it comes back and is the copy. Null: #n is none, or not there any more. */
export async function bringBackRetired(work: DocumentWork, attempt: Attempt, n: number): Promise<Step | null> {
  const retired = await retiredCopy(work.deps.db, work.replica.id, n);
  if (!retired || retired.old_checksum !== attempt.md5) return null;
  const trashed = (await work.writer.trash(work.signal)).find((row) => row.id === n);
  if (!trashed || checkIdentity(retired.old_added, trashed.added) === 'other') return null;
  const unanswered = await intendedWrite(work, {
    name: 'replace.restore',
    plan: { document: 'restore' },
    send: () => work.writer.restoreDocument(n, work.signal),
  });
  if (unanswered) return unanswered;
  const { verdict, copy, checksum } = await adoptability(work, n, attempt);
  return verdict === 'adoptable' && copy && checksum ? claim(work, copy, checksum) : null;
}
