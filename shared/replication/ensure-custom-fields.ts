/** Custom fields: by name (unique in paperless); select options keep the master's ids where the field is new (E5). */
import * as taxonomyRepo from '../db/taxonomy.repo.ts';
import type { CustomFieldDefinition } from '../domain/model.ts';
import type { FieldMapping } from '../domain/translate/tables.ts';
import { toAppError } from '../kernel/errors.ts';
import type { Parity } from './ensure-taxonomy.ts';
import { describeFields, listNotWhole } from './ensure-objects.ts';

export async function ensureCustomFields(parity: Parity): Promise<Map<number, FieldMapping>> {
  const mappings = new Map<number, FieldMapping>();
  const byId = new Map(parity.replica.fields.map((field) => [field.id, field]));
  const byName = new Map(parity.replica.fields.map((field) => [field.name, field]));
  for (const field of parity.master.fields) {
    const stored = parity.stored.get(`custom_field:${field.id}`)?.replica_obj_id ?? null;
    const existing = (stored === null ? undefined : byId.get(stored)) ?? byName.get(field.name);
    const copy = existing ? await adopt(parity, field, existing) : await create(parity, field);
    if (copy) mappings.set(field.id, mappingOf(field, copy));
  }
  return mappings;
}

async function adopt(
  parity: Parity,
  field: CustomFieldDefinition,
  existing: CustomFieldDefinition,
): Promise<CustomFieldDefinition | null> {
  if (existing.dataType !== field.dataType)
    return giveUp(
      parity,
      field,
      `custom field "${field.name}" is of type ${existing.dataType} on the replica and ${field.dataType} on the master`,
    );
  await save(parity, field, { state: 'linked', replicaObjId: existing.id, createdByUs: false });
  return existing;
}

async function create(parity: Parity, field: CustomFieldDefinition): Promise<CustomFieldDefinition | null> {
  const { writer, signal, deps } = parity.run;
  const before = parity.stored.get(`custom_field:${field.id}`)?.replica_obj_id ?? null;
  await save(parity, field, { state: 'creating', replicaObjId: before, createdByUs: false });
  for (let attempt = 1; ; attempt += 1) {
    try {
      await deps.racePoint('taxonomy.create:custom_field');
      const created = await writer.createCustomField(bodyOf(field), signal);
      await save(parity, field, { state: 'linked', replicaObjId: created.id, createdByUs: true });
      return created;
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.class !== 'invalid' && error.class !== 'unknown-outcome') throw error;
      const again = (await writer.customFields(signal)).find((candidate) => candidate.name === field.name);
      if (again) return adopt(parity, field, again);
      if (error.class === 'invalid' && before !== null) throw listNotWhole('custom field', field.name);
      if (error.class === 'invalid')
        return giveUp(
          parity,
          field,
          `custom field "${field.name}" was refused by the replica: ${describeFields(error)}`,
        );
      if (attempt >= 3) throw error;
    }
  }
}

function bodyOf(field: CustomFieldDefinition): Record<string, unknown> {
  const common = { name: field.name, data_type: field.dataType };
  // paperless keeps client-supplied option ids verbatim, so values need no translation (paperless-api.md 10.5).
  if (field.dataType === 'select')
    return { ...common, extra_data: { select_options: field.selectOptions.map(({ id, label }) => ({ id, label })) } };
  if (field.dataType === 'monetary') return { ...common, extra_data: { default_currency: field.defaultCurrency } };
  return common;
}

function mappingOf(master: CustomFieldDefinition, replica: CustomFieldDefinition): FieldMapping {
  const options = new Map<string, string>();
  const free = [...replica.selectOptions];
  for (const option of master.selectOptions) {
    let at = free.findIndex((candidate) => candidate.id === option.id && candidate.label === option.label);
    if (at < 0) at = free.findIndex((candidate) => candidate.label === option.label);
    if (at < 0) at = free.findIndex((candidate) => candidate.id === option.id);
    const [match] = at < 0 ? [] : free.splice(at, 1);
    if (match) options.set(option.id, match.id);
  }
  return { replicaId: replica.id, name: master.name, dataType: master.dataType, options };
}

async function giveUp(parity: Parity, field: CustomFieldDefinition, why: string): Promise<null> {
  await save(parity, field, { state: 'failed', replicaObjId: null, createdByUs: false, errorMsg: why });
  parity.unmapped.set(`custom_field:${field.id}`, why);
  parity.run.deps.log.warning(why, {
    replicaId: parity.run.replica.id,
    runId: parity.run.run.id,
    code: 'taxonomy_failed',
  });
  return null;
}

async function save(
  parity: Parity,
  field: CustomFieldDefinition,
  link: Pick<taxonomyRepo.TaxonomyLinkInput, 'state' | 'replicaObjId' | 'createdByUs' | 'errorMsg'>,
): Promise<void> {
  await taxonomyRepo.saveTaxonomyLink(parity.run.deps.db, {
    ...link,
    replicaId: parity.run.replica.id,
    kind: 'custom_field',
    masterId: field.id,
    name: field.name,
  });
}
