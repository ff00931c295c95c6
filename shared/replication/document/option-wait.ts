/**
 * A select option of the copy was taken away and paperless has not cleared its value yet: until it has, a write may never be
 * answered, on 2.20 after half of it was applied (H26, paperless-api.md 18.26).
 */
import type { PaperlessDocument } from '../../domain/model.ts';
import { showsRemovedOption } from '../../domain/translate/custom-fields.ts';
import { SECOND } from '../../kernel/clock.ts';
import { end, snooze, type DocumentWork, type Step } from './work.ts';

const LOOK_AGAIN_MS = 5 * SECOND;

/**
 * The run goes on without a document whose clean-up takes long: it may be one that paperless has lost, and a run that waits
 * for it for ever would keep every later change from the replica. The next run asks for the clean-up once more.
 */
export function waitsForCleanUp(work: DocumentWork, copy: PaperlessDocument): Step | null {
  if (!showsRemovedOption(copy, work.tables)) return null;
  const { clock, timings } = work.deps;
  const code = 'option_clean_up';
  const message = 'A select option was removed; the replica has not cleared its values yet.';
  if (clock.now().getTime() - work.run.started_at.getTime() > timings.cleanUpWaitMs) return end('held', code, message);
  return snooze(Math.min(LOOK_AGAIN_MS, timings.cleanUpWaitMs), { error_code: code, error_msg: message });
}
