/**
 * Steps `claimed` and `finalising`: every writable field to the master's value, notes, read back, compare. Nothing is `ok`
 * before the read-back agrees (field-policy.ts).
 */
import { canonicalActual, canonicalDesired, diffFields, fieldHashes, type FieldDiff } from '../../domain/diff.ts';
import type { WritableField } from '../../domain/field-policy.ts';
import type { PaperlessDocument } from '../../domain/model.ts';
import { patchBody } from '../../domain/plan.ts';
import { rejected } from '../../domain/report.ts';
import { idsOf } from '../../domain/translate/custom-fields.ts';
import { translateDocument, type DesiredDocument } from '../../domain/translate/index.ts';
import type { AppError } from '../../kernel/errors.ts';
import { allClosed } from './attempt-facts.ts';
import { followDeletion } from './deletion.ts';
import { finish } from './finish.ts';
import { endGone } from './gone.ts';
import { syncNotes } from './notes.ts';
import { waitsForCleanUp } from './option-wait.ts';
import { noticeEdits } from './edits.ts';
import { askOpenAttempts } from './open-attempts.ts';
import { copyVanished } from './vanished.ts';
import { stillHeld } from './intent.ts';
import { guardedPatch } from './patch.ts';
import { copyChecksum } from './file.ts';
import { keepsReserved } from './replacement.ts';
import { syncFile } from './sync-file.ts';
import {
  end,
  identityChanged,
  masterDocument,
  readCopy,
  reservedFor,
  save,
  type DocumentWork,
  type Step,
} from './work.ts';

/** After this many PATCHes a field that still differs is being rewritten by the replica itself (workflows). */
const MAX_PATCHES = 3;

export interface Finalising {
  readonly desired: DesiredDocument;
  readonly wanted: Record<WritableField, unknown>;
  readonly linkFields: ReadonlySet<number>;
  /** Fields that are not written in this pass, refused by the replica or not known whole: reported, the rest is applied (E13). */
  readonly refused: Set<WritableField>;
  readonly refusedCustomFields: Set<number>;
  /** What the replica answered to the last PATCH, where that was an error. */
  lastError: AppError | null;
}

export async function finalise(work: DocumentWork): Promise<Step> {
  const held = stillHeld(work);
  if (held) return held;
  await askOpenAttempts(work);
  const deletion = await followDeletion(work);
  if (deletion) return deletion;
  const copy = await readCopy(work);
  if (!copy) return copyVanished(work);
  if (work.link.unconfirmed) await confirmCopy(work, copy);
  const waits = waitsForCleanUp(work, copy);
  if (waits) return waits;
  const master = await masterDocument(work);
  if (!master) return endGone(work);
  const filed = await syncFile(work, master);
  if (filed) return filed;
  const state = plan(work, master);
  work.reports = [...work.fileReports, ...state.desired.reports];
  const filedCopy = (await readCopy(work)) ?? copy;
  await noticeEdits(work, state, filedCopy, openDiffs(work, state, filedCopy));
  const noted = await syncNotes(work, master);
  if (noted) return noted;
  for (let patches = 0; ; patches += 1) {
    const now = await readCopy(work);
    if (!now) return copyVanished(work);
    const differs = openDiffs(work, state, now);
    if (differs.length === 0) return finish(work, master, now, state);
    if (patches >= MAX_PATCHES) return state.lastError ? onlyErrors(work, state.lastError) : rewritten(work, differs);
    const body = bodyFor(state, now, differs);
    const unanswered = await guardedPatch(work, state, body, fieldHashes(pick(state.wanted, differs)));
    if (unanswered) return unanswered;
  }
}

function plan(work: DocumentWork, master: PaperlessDocument): Finalising {
  const desired = translateDocument(master, work.tables);
  const open = !allClosed(work) || keepsReserved(work);
  // The fence stays until nothing can come of any upload any more: only then is R given up (step `releasing`).
  const target = open ? { ...desired, asn: reservedFor(work) } : desired;
  return {
    desired: target,
    wanted: canonicalDesired(target),
    linkFields: new Set(target.links.map((link) => link.replicaField)),
    // No text is written while a version is under way: it would go to whichever is the newest then (H9).
    refused: new Set([...desired.unknown, ...(work.contentHeld ? (['content'] as const) : [])]),
    refusedCustomFields: new Set(),
    lastError: null,
  };
}

/** What still differs and can be sent. An ASN somebody else holds waits for its turn (H19). */
function openDiffs(work: DocumentWork, state: Finalising, copy: PaperlessDocument): FieldDiff[] {
  const actual = canonicalActual(copy, state.linkFields, work.tables.tagParents);
  return diffFields(expected(state), actual).filter(({ field }) => !state.refused.has(field));
}

/** The desired values, less those the replica refused one by one. */
function expected(state: Finalising): Record<WritableField, unknown> {
  if (state.refusedCustomFields.size === 0) return state.wanted;
  const without = state.desired.customFields.map((item) =>
    state.refusedCustomFields.has(item.field) ? { ...item, value: null } : item,
  );
  return canonicalDesired({ ...state.desired, customFields: without });
}

function bodyFor(state: Finalising, copy: PaperlessDocument, differs: readonly FieldDiff[]): Record<string, unknown> {
  const currentLinks = new Map(
    copy.customFields
      .filter(({ field }) => state.linkFields.has(field))
      .map(({ field, value }) => [field, idsOf(value)]),
  );
  return patchBody({
    desired: state.desired,
    differs,
    currentLinks,
    refused: state.refused,
    refusedCustomFields: state.refusedCustomFields,
  });
}

function pick(
  values: Record<WritableField, unknown>,
  differs: readonly FieldDiff[],
): Partial<Record<WritableField, unknown>> {
  return Object.fromEntries(differs.map(({ field }) => [field, values[field]]));
}

function rewritten(work: DocumentWork, differs: readonly FieldDiff[]): Step {
  const fields = differs.map(({ field }) => field);
  work.reports.push(
    ...fields.map((field) => rejected(field, 'the replica changes it back after every write (workflow?)')),
  );
  return end('failed', 'rewritten_by_replica', `Still different after ${MAX_PATCHES} writes: ${fields.join(', ')}.`);
}

/**
 * Every write was answered with an error (a locked database, say): the trouble of the instance at first; at the next look
 * that of the document, or a single one that paperless cannot store would fail the runs of all.
 */
function onlyErrors(work: DocumentWork, error: AppError): Step {
  if (work.link.error_code !== error.code) throw error;
  return end(
    'failed',
    'writes_fail',
    `The replica answered every write to this document with an error. ${error.message}`,
  );
}

/** E26: before the first write after a change of address, the stored checksum must match too. */
async function confirmCopy(work: DocumentWork, copy: PaperlessDocument): Promise<void> {
  const checksum = await copyChecksum(work, copy);
  const stored = work.link.stored_checksum;
  if (stored === null || checksum === null || (checksum.length === stored.length && checksum !== stored))
    throw identityChanged('replica', copy.id);
  await save(work, { unconfirmed: false });
}
