/**
 * A select option of the copy was taken away and paperless has not cleared its value yet: until it has, a write may never be
 * answered, on 2.20 after half of it was applied (H26, paperless-api.md 18.26).
 */
import type { PaperlessDocument } from '../../domain/model.ts';
import { showsRemovedOption } from '../../domain/translate/custom-fields.ts';
import { SECOND } from '../../kernel/clock.ts';
import { snooze, type DocumentWork, type Step } from './work.ts';

const LOOK_AGAIN_MS = 5 * SECOND;

export function waitsForCleanUp(work: DocumentWork, copy: PaperlessDocument): Step | null {
  if (!showsRemovedOption(copy, work.tables)) return null;
  const code = 'option_clean_up';
  const message = 'A select option was removed; the replica has not cleared its values yet.';
  return snooze(LOOK_AGAIN_MS, { error_code: code, error_msg: message });
}
