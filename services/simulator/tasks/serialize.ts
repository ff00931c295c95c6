/**
 * One row, three shapes (paperless-api.md 6).
 */

import { isoTime } from '../state/clock.ts';
import type { TaskRow } from '../state/model.ts';

const CHECK_SANITY = 'check_sanity';

/** The older name of a kind of task. */
export const taskName = (kind: string): string => (kind === 'sanity_check' ? CHECK_SANITY : kind);

const time = (value: number | null): string | null => (value === null ? null : isoTime(value));

const words = (name: string): string =>
  name
    .split('_')
    .map((word) =>
      ['api', 'ui', 'llm'].includes(word) ? word.toUpperCase() : `${word[0]?.toUpperCase()}${word.slice(1)}`,
    )
    .join(' ');

/** The row as 2.x shows it (paperless-api.md 6.1). */
export function taskJsonV2(row: TaskRow): Record<string, unknown> {
  const byHand = row.triggerSource === 'manual';
  return {
    id: row.id,
    task_id: row.taskId,
    task_name: taskName(row.kind),
    task_file_name: row.fileName,
    date_created: isoTime(row.created),
    date_done: time(row.done),
    type: byHand ? 'manual_task' : row.triggerSource === 'scheduled' ? 'scheduled_task' : 'auto_task',
    status: row.status.toUpperCase(),
    result: row.resultText,
    acknowledged: row.acknowledged,
    related_document: row.relatedDocument === null ? null : String(row.relatedDocument),
    owner: row.owner,
  };
}

export function taskTypeV9(row: TaskRow): string {
  if (row.triggerSource === 'scheduled') return 'scheduled_task';
  return row.triggerSource === 'system' || row.triggerSource === 'folder_consume' ? 'auto_task' : 'manual_task';
}

/** The row of 3.x in the older version of the API (paperless-api.md 6.3). */
export function taskJsonV9(row: TaskRow): Record<string, unknown> {
  const { duplicate_of: duplicateOf } = row.resultData ?? {};
  return {
    id: row.id,
    task_id: row.taskId,
    task_name: taskName(row.kind),
    task_file_name: row.fileName,
    type: taskTypeV9(row),
    status: row.status.toUpperCase(),
    date_created: isoTime(row.created),
    date_done: time(row.done),
    result:
      duplicateOf === undefined
        ? row.resultText
        : `Not consuming: It is a duplicate of document #${String(duplicateOf)}`,
    acknowledged: row.acknowledged,
    related_document: row.relatedDocument,
    duplicate_documents: [],
    owner: row.owner,
  };
}

const seconds = (from: number | null, to: number | null): number | null =>
  from === null || to === null ? null : (to - from) / 1_000_000;

/** The row of 3.x (paperless-api.md 6.2). */
export function taskJsonV10(row: TaskRow): Record<string, unknown> {
  return {
    id: row.id,
    task_id: row.taskId,
    task_type: row.kind,
    task_type_display: words(row.kind),
    trigger_source: row.triggerSource,
    trigger_source_display: words(row.triggerSource),
    status: row.status,
    status_display: words(row.status),
    date_created: isoTime(row.created),
    date_started: time(row.started),
    date_done: time(row.done),
    duration_seconds: seconds(row.started, row.done),
    wait_time_seconds: seconds(row.created, row.started),
    input_data: row.inputData,
    result_data: row.resultData,
    related_document_ids: row.relatedDocument === null ? [] : [row.relatedDocument],
    acknowledged: row.acknowledged,
    owner: row.owner,
  };
}
