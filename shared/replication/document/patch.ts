/** One PATCH, with its intent on record and every answer accounted for (H18, H19, H26). */
import { markDirtyByReplicaDoc, ownersOf } from '../../db/links.repo.ts';
import { fieldOfBodyKey } from '../../domain/plan.ts';
import type { WritableField } from '../../domain/field-policy.ts';
import { rejected, waiting } from '../../domain/report.ts';
import { toAppError, type AppError } from '../../kernel/errors.ts';
import type { Finalising } from './finalise.ts';
import { refusal } from './refusal.ts';
import { holdWrites, notSent } from './intent.ts';
import { end, save, type DocumentWork, type Step } from './work.ts';

/**
 * Sends the values, under an intent of `plan` (field -> hash of the value). Null: go on with the read-back (a clean answer,
 * or an answered error, which is read back and sent again with absolute values). A step: the answer is missing, so nothing
 * more goes to this document for a while.
 */
export async function guardedPatch(
  work: DocumentWork,
  state: Finalising,
  body: Record<string, unknown>,
  plan: Readonly<Record<string, string>>,
): Promise<Step | null> {
  const id = work.link.replica_doc_id;
  if (id === null) return end('failed', 'internal_error', 'No copy to write to.');
  await save(work, { phase: 'finalising', status: 'pending', plan: JSON.stringify(plan) });
  work.copy = null;
  await work.deps.racePoint('patch.before');
  try {
    await work.writer.patchDocument(id, body, work.signal);
    await work.deps.racePoint('patch.after');
    // From here on these values are ours: found again when the master has moved on, they are no edit (H18).
    const applied = work.link.applied && JSON.stringify({ ...work.link.applied, ...plan });
    await save(work, { plan: null, ...(applied ? { applied } : {}) });
    state.lastError = null;
    return null;
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code === 'values_refused') return onRefusal(work, state, body, error);
    if (error.class !== 'unknown-outcome') throw await notSent(work, error);
    if (error.code !== 'answered_error') return holdWrites(work, error);
    await save(work, { plan: null });
    state.lastError = error;
    return null;
  }
}

/** A refused field is isolated: paperless applies nothing of a request with one bad value (E13). */
async function onRefusal(
  work: DocumentWork,
  state: Finalising,
  body: Record<string, unknown>,
  error: AppError,
): Promise<Step | null> {
  await save(work, { plan: null });
  let isolated = false;
  for (const [key, text] of Object.entries(error.fields ?? {})) {
    const field = fieldOfBodyKey(key, body);
    if (field === null) continue;
    isolated = true;
    if (field === 'asn' && body['archive_serial_number'] !== null) await yieldAsn(work, state, text);
    else if (field === 'custom_fields') isolateCustomField(work, state, body, key, error);
    else refuse(work, state, field, refusal(error));
  }
  if (!isolated) throw error;
  return null;
}

function refuse(work: DocumentWork, state: Finalising, field: WritableField, why: string): void {
  state.refused.add(field);
  work.reports.push(rejected(field, why));
}

/** Errors of custom fields are positional (paperless-api.md section 7): `custom_fields.1.non_field_errors`, or as `[1]`. */
function isolateCustomField(
  work: DocumentWork,
  state: Finalising,
  body: Record<string, unknown>,
  key: string,
  error: AppError,
): void {
  const position = /^custom_fields[.[](\d+)/.exec(key)?.[1];
  const items = body['custom_fields'] as readonly { field: number }[];
  const item = position === undefined ? undefined : items[Number(position)];
  if (!item || state.linkFields.has(item.field) || state.refusedCustomFields.has(item.field))
    return refuse(work, state, 'custom_fields', refusal(error));
  state.refusedCustomFields.add(item.field);
  const name =
    [...work.tables.fields.values()].find((mapping) => mapping.replicaId === item.field)?.name ?? `#${item.field}`;
  work.reports.push(rejected('custom_fields', `"${name}": ${refusal(error)}`));
}

/**
 * The number is taken. Null first, so that R is never left behind and a swap of two numbers can go on; the true value in a
 * revisit after the run's links. A holder that is itself a copy is looked at again (H19).
 */
async function yieldAsn(work: DocumentWork, state: Finalising, text: string): Promise<void> {
  const asn = state.desired.asn;
  const holder = asn === null ? null : await work.writer.byAsn(asn, work.signal);
  if (holder) await markDirtyByReplicaDoc(work.deps.db, work.replica.id, [holder.id]);
  const owners = holder ? await ownersOf(work.deps.db, work.replica.id, [holder.id]) : [];
  const excluded = owners.some((owner) => owner.excluded) ? ', the copy of an excluded document' : '';
  const inTrash = /trash/i.test(text);
  work.reports.push(
    inTrash
      ? rejected('asn', `${asn} is taken by a document in the replica's trash`)
      : waiting('asn', `${asn} is taken by replica document #${holder?.id ?? '?'}${excluded}`),
  );
  (state as { desired: Finalising['desired'] }).desired = { ...state.desired, asn: null };
  state.wanted.asn = null;
}
