/** A task that says FAILURE. Look first, read the text second: the loser of a race has many texts (paperless-api.md 5.7). */
import type { Attempt } from '../../db/tables.ts';
import { SECOND } from '../../kernel/clock.ts';
import { AppError } from '../../kernel/errors.ts';
import type { ConsumeTask } from '../../paperless/api.ts';
import { adoptability, claim } from './claim.ts';
import { failureKind } from './failure-kind.ts';
import { followSighting, lookForUpload } from './locate.ts';
import { bringBackRetired } from './retired.ts';
import { settle } from './upload.ts';
import { end, go, snooze, type DocumentWork, type Step } from './work.ts';

export async function afterFailure(work: DocumentWork, attempt: Attempt, task: ConsumeTask): Promise<Step> {
  const kind = failureKind(task);
  const now = work.deps.clock.now();
  await settle(work, attempt, { state: 'failure', failure_code: kind, terminal_at: attempt.terminal_at ?? now }, {});
  await work.deps.racePoint('task.failure');
  const sighting = await lookForUpload(work);
  if (sighting.kind !== 'nothing') return followSighting(work, sighting);
  switch (kind) {
    case 'duplicate':
      return afterDuplicate(work, attempt, task);
    case 'asn':
      return end(
        'failed',
        'asn_refused',
        'The replica refused the reserved archive serial number, and nobody visible holds it.',
      );
    case 'locked':
      return snooze(15 * SECOND, { phase: 'pending' });
    case 'lost-file':
      // A message delivered twice says this although the document may exist; the looks above found nothing.
      return go('prepared');
    case 'unsupported':
      throw new AppError({
        code: 'unsupported_file_type',
        class: 'unsupported-type',
        message: 'The replica cannot consume this type of file.',
        hint: 'Office files and e-mails need Tika and Gotenberg on the replica, as on the master.',
      });
    case 'other':
      throw new AppError({
        code: 'consumption_failed',
        class: 'invalid',
        message: `The replica could not consume the file: ${briefly(task.text)}`,
        hint: "The replica's task list shows the whole text.",
      });
    default:
      return kind satisfies never;
  }
}

/** 2.20 refuses equal bytes always, 3.x on request: #n is a hint to adopt from, else the document is blocked (H3). */
async function afterDuplicate(work: DocumentWork, attempt: Attempt, task: ConsumeTask): Promise<Step> {
  const n = task.duplicateOf;
  const blocked = (why: string): Step => end('blocked', 'duplicate_content', why);
  const retired = n === null ? null : await bringBackRetired(work, attempt, n);
  if (retired) return retired;
  if (task.duplicateInTrash)
    return blocked(
      "A document with identical content is in the replica's trash; the replica takes none twice. Restore or purge it there.",
    );
  if (n === null) return blocked('The replica has identical content already and takes none twice.');
  const { verdict, copy, checksum } = await adoptability(work, n, attempt);
  if (verdict === 'adoptable' && copy && checksum) return claim(work, copy, checksum);
  if (verdict === 'not-live') return snooze(5 * SECOND, { phase: 'pending' });
  return blocked(`Twin of replica document #${n}: the replica takes identical content only once.`);
}

/** Without file names (they stand in front of the text) and cut: texts of parsers can be long. */
function briefly(text: string | null): string {
  const last = (text ?? 'no reason given').split(': ').at(-1) ?? '';
  return last.length > 200 ? `${last.slice(0, 200)}...` : last;
}
