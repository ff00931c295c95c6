import type { ConsumeTask } from '../../paperless/api.ts';

export type FailureKind = 'duplicate' | 'asn' | 'locked' | 'lost-file' | 'unsupported' | 'other';

/** What a failure text means; never the only ground for a decision that writes. */
export function failureKind(task: Pick<ConsumeTask, 'text' | 'duplicateOf'>): FailureKind {
  const text = task.text ?? '';
  if (task.duplicateOf !== null || /it is a duplicate of|returned more than one/i.test(text)) return 'duplicate';
  if (/given asn \d+ (already exists|is out of range)/i.test(text) || /archive_serial_number/i.test(text)) return 'asn';
  if (/database is locked/i.test(text)) return 'locked';
  if (/file not found/i.test(text)) return 'lost-file';
  return /unsupported mime type/i.test(text) ? 'unsupported' : 'other';
}
