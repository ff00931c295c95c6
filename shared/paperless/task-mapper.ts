/** The three shapes of a task row (paperless-api.md 6.1 to 6.3) as one. */
import type { ConsumeTask, TaskState } from './api.ts';
import type { WireTask10, WireTask9 } from './wire.ts';

const STATES: Readonly<Record<string, TaskState>> = {
  pending: 'pending',
  received: 'pending',
  retry: 'pending',
  started: 'started',
  success: 'success',
  failure: 'failure',
  revoked: 'revoked',
};
const TRASH_NOTE = 'Note: existing document is in the trash';
/** v2: `... It is a duplicate of <title> (#n).`; a title may itself hold "(#5)", so the last one counts. */
const DUPLICATE_V2 = /It is a duplicate of [\s\S]*\(#(\d+)\)\.(?: Note: existing document is in the trash\.)?\s*$/;
const DUPLICATE_V3 = /It is a duplicate of document #(\d+)\.?(?: Note: existing document is in the trash\.)?\s*$/;
/** Longer than a failing task needs to replace its first text. */
const TEXT_SETTLES_MS = 60_000;

export function isConsumeTask(wire: WireTask9 | WireTask10): boolean {
  return 'task_type' in wire
    ? wire.task_type === 'consume_file'
    : (wire.task_name ?? 'consume_file') === 'consume_file';
}

export function toConsumeTask(wire: WireTask9 | WireTask10, now: Date): ConsumeTask {
  return 'task_type' in wire ? fromApi10(wire) : fromApi9(wire, now);
}

function fromApi10(wire: WireTask10): ConsumeTask {
  const state = STATES[wire.status.toLowerCase()] ?? 'other';
  const result = wire.result_data ?? {};
  const overrides = wire.input_data?.overrides;
  return {
    taskId: wire.task_id,
    state,
    fileName: wire.input_data?.filename ?? null,
    documentId: state === 'success' ? (result.document_id ?? null) : null,
    duplicateOf: result.duplicate_of ?? null,
    duplicateInTrash: result.duplicate_in_trash ?? false,
    text: result.error_message ?? result.reason ?? null,
    created: wire.date_created,
    started: wire.date_started ?? null,
    done: wire.date_done ?? null,
    overrides: {
      title: overrides?.title ?? null,
      asn: overrides?.asn ?? null,
      versionLabel: overrides?.version_label ?? null,
    },
  };
}

function fromApi9(wire: WireTask9, now: Date): ConsumeTask {
  const text = wire.result ?? null;
  const unsettled = (text ?? '').startsWith('<traceback object');
  const state = STATES[wire.status.toLowerCase()] ?? 'other';
  const named = text === null ? undefined : (DUPLICATE_V3.exec(text)?.[1] ?? DUPLICATE_V2.exec(text)?.[1]);
  const failed = state === 'failure' && !unsettled;
  return {
    taskId: wire.task_id,
    state: unsettled && !hasSettled(wire, now) ? 'started' : state,
    fileName: wire.task_file_name ?? null,
    documentId: state === 'success' ? documentOf(wire) : null,
    duplicateOf: failed && named !== undefined ? Number(named) : null,
    duplicateInTrash: failed && named !== undefined && (text ?? '').includes(TRASH_NOTE),
    text: unsettled ? null : text,
    created: wire.date_created,
    started: null,
    done: wire.date_done ?? null,
    overrides: null,
  };
}

/**
 * A failing v2 task shows `<traceback object at 0x...>` for a moment, before the reason (paperless-api.md 6.1): until then
 * it counts as running. A row that was left like this for good is a failure without a text.
 */
function hasSettled(wire: WireTask9, now: Date): boolean {
  const done = Date.parse(wire.date_done ?? wire.date_created);
  return now.getTime() - done > TEXT_SETTLES_MS;
}

function documentOf(wire: WireTask9): number | null {
  const named = /^\d+$/.test(String(wire.related_document ?? '')) ? Number(wire.related_document) : null;
  const told = /New document id (\d+) created/.exec(wire.result ?? '')?.[1];
  return named ?? (told === undefined ? null : Number(told));
}
