/** Copies that a replacement moved to the trash (H14): their bytes bar the upload of the same bytes for ever, and are ours. */
import { retiredCopy } from '../../db/replacements.repo.ts';
import type { Attempt } from '../../db/tables.ts';
import { checkIdentity } from '../../domain/identity.ts';
import { SECOND } from '../../kernel/clock.ts';
import { adoptability, claim } from './claim.ts';
import { intendedWrite } from './intent.ts';
import { snooze, type DocumentWork, type Step } from './work.ts';

/**
 * Refused as a duplicate of one of them: it comes back and is the copy. It may be back already: by a write of ours that got
 * no answer, or of a process that died before it could claim it. Null: #n is none, or not there any more.
 */
export async function bringBackRetired(work: DocumentWork, attempt: Attempt, n: number): Promise<Step | null> {
  const retired = await retiredCopy(work.deps.db, work.replica.id, n);
  if (!retired || retired.old_checksum !== attempt.md5) return null;
  const isRetired = ({ added }: { added: string }) => checkIdentity(retired.old_added, added) !== 'other';
  const trashed = (await work.writer.trash(work.signal)).find((row) => row.id === n);
  if (trashed) {
    if (!isRetired(trashed)) return null;
    const unanswered = await intendedWrite(work, {
      name: 'replace.restore',
      plan: { document: 'restore' },
      send: () => work.writer.restoreDocument(n, work.signal),
    });
    if (unanswered) return unanswered;
  }
  const { verdict, copy, checksum } = await adoptability(work, n, attempt);
  if (verdict === 'adoptable' && copy && checksum && isRetired(copy)) return claim(work, copy, checksum);
  // The restore was answered with an error (a locked database) and did nothing: asked again, it is no reason to give up.
  return trashed && verdict === 'not-live' ? snooze(5 * SECOND, { phase: 'pending' }) : null;
}
