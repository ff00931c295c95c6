import type { CustomFieldValue, PaperlessDocument } from '../model.ts';
import { rejected, type FieldReport } from '../report.ts';
import type { FieldMapping, TranslationTables } from './tables.ts';

/** A documentlink field in master ids; written in the second phase (H19). */
export interface LinkField {
  readonly replicaField: number;
  readonly name: string;
  readonly masterTargets: readonly number[];
}

export interface TranslatedFields {
  /** All fields but document links, by replica field id. */
  readonly values: readonly CustomFieldValue[];
  readonly links: readonly LinkField[];
  readonly reports: readonly FieldReport[];
  /** The document has a field that the master's list, as read for this run, does not have. */
  readonly unknown: boolean;
}

export function translateCustomFields(
  document: Pick<PaperlessDocument, 'customFields'>,
  tables: TranslationTables,
): TranslatedFields {
  const values: CustomFieldValue[] = [];
  const links: LinkField[] = [];
  const reports: FieldReport[] = [];
  let unknown = false;
  for (const { field, value } of document.customFields) {
    const mapping = tables.fields.get(field);
    if (!mapping) {
      const why = tables.unmapped.get(`custom_field:${field}`);
      unknown ||= why === undefined;
      reports.push(rejected('custom_fields', why ?? `custom field #${field} is not on the replica yet`));
    } else if (mapping.dataType === 'documentlink') {
      links.push({ replicaField: mapping.replicaId, name: mapping.name, masterTargets: idsOf(value) });
    } else {
      const translated = translateValue(mapping, value);
      if (translated.problem) reports.push(rejected('custom_fields', translated.problem));
      values.push({ field: mapping.replicaId, value: translated.value });
    }
  }
  return { values, links, reports, unknown };
}

function translateValue(mapping: FieldMapping, value: unknown): { value: unknown; problem?: string } {
  if (mapping.dataType !== 'select' || value === null) return { value };
  const option = mapping.options.get(String(value));
  if (option !== undefined) return { value: option };
  // paperless clears such values in the background, without a bump: what is true in a moment is sent at once.
  if (mapping.removedOnMaster?.has(String(value))) return { value: null };
  // The field stays on the document without a value: one missing option must not hold up the rest (E13).
  return { value: null, problem: `"${mapping.name}": the chosen option does not exist on the replica` };
}

export function idsOf(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((id): id is number => typeof id === 'number') : [];
}

/** True while paperless has not yet cleared the value of an option that was removed: a write may never be answered (H26). */
export function showsRemovedOption(
  copy: Pick<PaperlessDocument, 'customFields'>,
  tables: Pick<TranslationTables, 'fields'>,
): boolean {
  for (const { replicaId, removedOnReplica } of tables.fields.values())
    if (removedOnReplica?.size)
      for (const { field, value } of copy.customFields)
        if (field === replicaId && removedOnReplica.has(String(value))) return true;
  return false;
}
