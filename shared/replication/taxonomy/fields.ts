/** Custom fields on the replica. Option lists are read again right before they are sent: a list replaces the old one (H16). */
import type { CustomFieldDefinition } from '../../domain/model.ts';
import type { FieldChange, TaxonomyAction } from '../../domain/taxonomy/actions.ts';
import { planOptions, rememberOptions } from '../../domain/taxonomy/options.ts';
import { mappingOf, refusable } from '../../domain/taxonomy/plan-fields.ts';
import type { LinkRow, RefusedValue } from '../../domain/taxonomy/vocabulary.ts';
import { toAppError, type AppError } from '../../kernel/errors.ts';
import {
  describeFields,
  done,
  giveUp,
  isRefusal,
  listNotWhole,
  markUsers,
  remember,
  revisitUsers,
  rowOf,
  save,
  type Applying,
} from './applying.ts';
import { exists } from './removal-facts.ts';

type Create = Extract<TaxonomyAction, { do: 'create_field' }>;
type Change = Extract<TaxonomyAction, { do: 'change_field' }>;

const MAX_TRIES = 3;

export async function createField(work: Applying, action: Create): Promise<void> {
  const { field } = action;
  const row = rowOf(work, 'custom_field', field.id);
  if (action.again && row.replicaId !== null) {
    if (await exists(work.run.writer, 'custom_field', row.replicaId, work.run.signal))
      throw listNotWhole('custom_field', field.name);
    await markUsers(work, { kind: 'custom_field', id: field.id });
  } else await revisitUsers(work, action);
  await save(work, { ...row, state: 'creating', createdByUs: false });
  const made = await createOnce(work, field);
  if ('error' in made) {
    if (action.again) throw listNotWhole('custom field', field.name);
    await giveUp(work, row, `custom field "${field.name}" was refused by the replica: ${describeFields(made.error)}`);
  } else if (made.copy.dataType === field.dataType) {
    await linked(work, { ...row, state: 'linked', createdByUs: made.byUs }, field, made.copy);
    done(work, action);
  } else
    await giveUp(
      work,
      row,
      `custom field "${field.name}" is of type ${made.copy.dataType} on the replica and ${field.dataType} on the master`,
    );
}

type Made = { readonly copy: CustomFieldDefinition; readonly byUs: boolean } | { readonly error: AppError };

async function createOnce(work: Applying, field: CustomFieldDefinition): Promise<Made> {
  const { writer, signal, deps } = work.run;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await deps.racePoint('taxonomy.create:custom_field');
      return { copy: await writer.createCustomField(creation(field), signal), byUs: true };
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.class !== 'invalid' && error.class !== 'unknown-outcome') throw error;
      const copy = (await writer.customFields(signal)).find(({ name }) => name === field.name);
      if (copy) return { copy, byUs: error.class === 'unknown-outcome' };
      if (error.class === 'invalid') return { error };
      if (attempt >= MAX_TRIES) throw error;
    }
  }
}

function creation(field: CustomFieldDefinition): Record<string, unknown> {
  const common = { name: field.name, data_type: field.dataType };
  // paperless keeps client-supplied option ids verbatim, so values need no translation (paperless-api.md 10.5).
  if (field.dataType === 'select')
    return { ...common, extra_data: { select_options: field.selectOptions.map(({ id, label }) => ({ id, label })) } };
  if (field.dataType === 'monetary') return { ...common, extra_data: { default_currency: field.defaultCurrency } };
  return common;
}

/** The pair and its options, as the replica answered. */
export async function linked(
  work: Applying,
  row: LinkRow,
  field: CustomFieldDefinition,
  copy: CustomFieldDefinition,
): Promise<void> {
  const options = planOptions(field.selectOptions, copy.selectOptions, row.detail);
  const detail = rememberOptions(row.detail, options, work.input.now);
  await save(work, { ...row, replicaId: copy.id, detail });
  work.fields.set(field.id, mappingOf(field, copy.id, options.pairs, detail));
  work.unmapped.delete(`custom_field:${field.id}`);
}

export async function changeField(work: Applying, action: Change): Promise<void> {
  const { field, aside } = action;
  const refused: Record<string, RefusedValue> = {};
  let changes: readonly FieldChange[] = action.changes;
  while (changes.length > 0) {
    const copy = await work.run.writer.customField(action.replicaId, work.run.signal);
    if (copy === null || copy.dataType !== field.dataType) return;
    await markLostOptions(work, action, copy);
    const answer = await patchField(work, action.replicaId, bodyOf(work, action, changes, copy));
    if (answer === null) return;
    if (!('code' in answer)) {
      if (!aside) await linked(work, rowOf(work, 'custom_field', field.id), field, answer);
      break;
    }
    const dropped = refusedChanges(answer, changes);
    for (const change of dropped) {
      const { wanted, found } = refusable(change, field, copy);
      refused[change] = { wanted, found, why: `refused by the replica: ${describeFields(answer)}` };
    }
    changes = changes.filter((change) => !dropped.includes(change));
  }
  if (aside) return;
  await remember(work, action, refused, action.changes);
  if (changes.length > 0) done(work, action);
}

function refusedChanges(error: AppError, changes: readonly FieldChange[]): readonly FieldChange[] {
  const named = Object.keys(error.fields ?? {});
  return named.some((key) => key.startsWith('name')) && changes.includes('name') ? ['name'] : changes;
}

/** An option deleted on the replica comes back: its values were lost with it, so the documents that had it are written again. */
async function markLostOptions(work: Applying, { field }: Change, copy: CustomFieldDefinition): Promise<void> {
  const before = work.stored.get(`custom_field:${field.id}`)?.detail ?? {};
  const { lost } = planOptions(field.selectOptions, copy.selectOptions, before);
  for (const option of lost) await markUsers(work, { kind: 'custom_field', id: field.id, option });
}

/** paperless wants the options with every PATCH of a select field, and keeps only what is sent. */
function bodyOf(
  work: Applying,
  { field, aside }: Change,
  changes: readonly FieldChange[],
  copy: CustomFieldDefinition,
): Record<string, unknown> {
  const { list } = planOptions(field.selectOptions, copy.selectOptions, rowOf(work, 'custom_field', field.id).detail);
  const options = changes.includes('options') ? list : copy.selectOptions;
  return {
    ...(changes.includes('name') ? { name: aside ?? field.name } : {}),
    ...(field.dataType === 'select' ? { extra_data: { select_options: options.map(toWire) } } : {}),
    ...(changes.includes('currency') ? { extra_data: { default_currency: field.defaultCurrency } } : {}),
  };
}

const toWire = ({ id, label }: { readonly id: string | null; readonly label: string }) =>
  id === null ? { label } : { id, label };

export async function patchField(
  work: Applying,
  replicaId: number,
  body: Record<string, unknown>,
): Promise<CustomFieldDefinition | AppError | null> {
  const { writer, signal, deps } = work.run;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await deps.racePoint('taxonomy.change:custom_field');
      return await writer.patchCustomField(replicaId, body, signal);
    } catch (thrown) {
      const error = toAppError(thrown);
      if (isRefusal(error)) return error;
      if (error.class === 'not-found') return null;
      // A list sent a second time could name an option twice that the first one added without an id: the next run looks.
      if (error.class !== 'unknown-outcome' || error.code !== 'answered_error' || attempt >= MAX_TRIES || hasNew(body))
        throw error;
    }
  }
}

function hasNew(body: Record<string, unknown>): boolean {
  const options = (body.extra_data as { select_options?: { id?: string }[] } | undefined)?.select_options ?? [];
  return options.some(({ id }) => id === undefined);
}
