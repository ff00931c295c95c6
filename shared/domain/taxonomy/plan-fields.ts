/** Custom fields: by remembered pair, else by name, which is unique in paperless; their options and their currency. */
import { canonicalJson } from '../fingerprint.ts';
import type { CustomFieldDefinition } from '../model.ts';
import type { FieldMapping } from '../translate/tables.ts';
import type { FieldChange, TaxonomyAction } from './actions.ts';
import { usageKey, type Draft } from './draft.ts';
import { isRefused } from './object-values.ts';
import { listDiffers, planOptions, rememberOptions, removedSets, type OptionPlan } from './options.ts';
import { orderRenames } from './renames.ts';
import { keyOf, type LinkDetail, type LinkRow, type StoredLink } from './vocabulary.ts';

type ChangeField = Extract<TaxonomyAction, { do: 'change_field' }>;

export function planFields(draft: Draft): void {
  const changes: ChangeField[] = [];
  const removals: TaxonomyAction[] = [];
  const copies = pairFields(draft);
  for (const field of draft.input.master.fields) {
    const copy = copies.get(field.id);
    if (!copy) createField(draft, field);
    else if (copy.dataType !== field.dataType) refuseType(draft, field, copy);
    else {
      const options = planOptions(field.selectOptions, copy.selectOptions, storedOf(draft, field)?.detail ?? {});
      pairField(draft, field, copy, options);
      changes.push(...changesOf(draft, field, copy, options));
      removals.push(...removalOf(draft, field, copy, options));
    }
  }
  draft.actions.push(...namesInOrder(changes, copies), ...removals);
}

const storedOf = (draft: Draft, field: CustomFieldDefinition): StoredLink | undefined =>
  draft.stored.get(keyOf('custom_field', field.id));

function pairFields(draft: Draft): Map<number, CustomFieldDefinition> {
  const { master, replica, stored } = draft.input;
  const byId = new Map(replica.fields.map((field) => [field.id, field]));
  const links = stored.filter((link) => link.kind === 'custom_field' && link.state !== 'gone');
  const taken = new Set(links.flatMap(({ replicaId }) => replicaId ?? []));
  const byName = new Map(replica.fields.filter(({ id }) => !taken.has(id)).map((field) => [field.name, field]));
  const remembered = new Map(links.map(({ masterId, replicaId }) => [masterId, replicaId]));
  return new Map(
    master.fields.flatMap((field) => {
      const copy = byId.get(remembered.get(field.id) ?? 0) ?? byName.get(field.name);
      return copy ? [[field.id, copy] as const] : [];
    }),
  );
}

function rowOf(draft: Draft, field: CustomFieldDefinition, replicaId: number | null, detail?: LinkDetail): LinkRow {
  const stored = storedOf(draft, field);
  return {
    kind: 'custom_field',
    masterId: field.id,
    replicaId,
    name: field.name,
    state: 'linked',
    createdByUs: replicaId !== null && stored?.replicaId === replicaId && stored.createdByUs,
    heldBack: null,
    detail: detail ?? stored?.detail ?? {},
    errorMsg: null,
  };
}

function createField(draft: Draft, field: CustomFieldDefinition): void {
  const stored = storedOf(draft, field);
  const again = stored !== undefined && stored.replicaId !== null && stored.state !== 'gone';
  draft.await({ ...rowOf(draft, field, stored?.replicaId ?? null), state: 'creating' });
  const { id: masterId, name } = field;
  draft.actions.push({ do: 'create_field', kind: 'custom_field', masterId, name, field, again });
}

/** paperless would take another type, but the values of the old one read as empty then (paperless-api.md 10.5). */
function refuseType(draft: Draft, field: CustomFieldDefinition, copy: CustomFieldDefinition): void {
  const stored = storedOf(draft, field);
  const pair = stored?.replicaId === copy.id ? copy.id : null;
  draft.fail(
    rowOf(draft, field, pair),
    `custom field "${field.name}" is of type ${copy.dataType} on the replica and ${field.dataType} on the master`,
  );
}

function pairField(draft: Draft, field: CustomFieldDefinition, copy: CustomFieldDefinition, options: OptionPlan): void {
  const stored = storedOf(draft, field);
  const { refused: _refused, ...before } = stored?.detail ?? {};
  const detail = rememberOptions(before, options, draft.input.now);
  const row = rowOf(draft, field, copy.id, detail);
  if (stored && stored.state !== 'gone' && stored.replicaId === copy.id) draft.remember(row);
  else draft.adopt({ ...row, replicaId: copy.id, createdByUs: stored?.state === 'creating' || wasOurs(draft, copy) });
  draft.fields.set(field.id, mappingOf(field, copy.id, options.pairs, detail));
}

/** Made by us for a field that the master has deleted since, and taken up again under the same name. */
function wasOurs({ input }: Draft, copy: CustomFieldDefinition): boolean {
  return input.stored.some(
    ({ kind, state, replicaId, createdByUs }) =>
      kind === 'custom_field' && state === 'gone' && replicaId === copy.id && createdByUs,
  );
}

export function mappingOf(
  field: CustomFieldDefinition,
  replicaId: number,
  options: ReadonlyMap<string, string>,
  detail: LinkDetail,
): FieldMapping {
  return { replicaId, name: field.name, dataType: field.dataType, options, ...removedSets(detail) };
}

function changesOf(
  draft: Draft,
  field: CustomFieldDefinition,
  copy: CustomFieldDefinition,
  options: OptionPlan,
): ChangeField[] {
  const key = keyOf('custom_field', field.id);
  const refused = storedOf(draft, field)?.detail.refused;
  const changes = differing(field, copy, options).filter((change) => {
    const difference = refusable(change, field, copy);
    if (!isRefused(difference, refused)) return true;
    draft.keepRefused(key, { [change]: refused?.[change] });
    return draft.input.sweep;
  });
  if (changes.length === 0) return [];
  const { added, renamed, reordered } = options;
  const of = { kind: 'custom_field', masterId: field.id, replicaId: copy.id, name: field.name } as const;
  return [{ do: 'change_field', ...of, field, changes, options: { added, renamed, reordered } }];
}

function differing(field: CustomFieldDefinition, copy: CustomFieldDefinition, options: OptionPlan): FieldChange[] {
  return [
    ...(field.name === copy.name ? [] : (['name'] as const)),
    ...(field.dataType === 'select' && listDiffers(options) ? (['options'] as const) : []),
    ...(field.defaultCurrency === copy.defaultCurrency ? [] : (['currency'] as const)),
  ];
}

const valueOf = (change: FieldChange, field: CustomFieldDefinition): unknown =>
  ({ name: field.name, options: field.selectOptions, currency: field.defaultCurrency })[change];

/** How a refusal of this change is remembered. */
export function refusable(change: FieldChange, field: CustomFieldDefinition, copy: CustomFieldDefinition) {
  const [wanted, found] = [canonicalJson(valueOf(change, field)), canonicalJson(valueOf(change, copy))];
  return { attribute: change as never, wanted, found };
}

function namesInOrder(
  changes: readonly ChangeField[],
  copies: ReadonlyMap<number, CustomFieldDefinition>,
): ChangeField[] {
  const byReplica = new Map(changes.map((change) => [change.replicaId, change]));
  const renamed = changes.filter((change) => change.changes.includes('name'));
  const renames = orderRenames(
    renamed.map(({ replicaId, masterId, name }) => ({
      id: replicaId,
      from: copies.get(masterId)?.name ?? name,
      to: name,
    })),
  );
  return [
    ...renames.flatMap(({ id, to, aside }): ChangeField[] => {
      const change = byReplica.get(id);
      if (!change) return [];
      return [aside ? { ...change, changes: ['name'], aside: to } : change];
    }),
    ...changes.filter((change) => !renamed.includes(change)),
  ];
}

/** H16, H26: only in a sweep, and not while a document that only the replica has would lose its value. */
function removalOf(
  draft: Draft,
  field: CustomFieldDefinition,
  copy: CustomFieldDefinition,
  { obsolete }: OptionPlan,
): TaxonomyAction[] {
  const { foreignUses } = draft.input.removal;
  const of = { kind: 'custom_field', masterId: field.id, replicaId: copy.id, name: field.name } as const;
  const removable = obsolete.filter(({ id, label }) => {
    const uses = foreignUses.get(usageKey('custom_field', copy.id, id));
    if (uses) draft.kept.push({ ...of, why: `${uses} documents that only the replica has use the option "${label}"` });
    return uses === 0;
  });
  if (!draft.input.sweep || removable.length === 0) return [];
  return [{ do: 'remove_options', ...of, options: removable }];
}
