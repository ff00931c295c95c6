import type { FieldDiff } from './diff.ts';
import type { WritableField } from './field-policy.ts';
import type { CustomFieldValue } from './model.ts';
import type { DesiredDocument } from './translate/index.ts';

export interface PatchInput {
  readonly desired: DesiredDocument;
  readonly differs: readonly FieldDiff[];
  /** Document link values as they are on the replica now, by field; the set is replaced as a whole by a PATCH. */
  readonly currentLinks: ReadonlyMap<number, readonly number[]>;
  /** Fields the replica refused in this pass: left out, reported (E13). */
  readonly refused: ReadonlySet<WritableField>;
  /** Custom fields (replica ids) whose value was refused. */
  readonly refusedCustomFields: ReadonlySet<number>;
}

/** The PATCH that makes the differing fields equal: absolute values only, so that it may be sent again (H26). */
export function patchBody(input: PatchInput): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const { field } of input.differs) if (!input.refused.has(field)) Object.assign(body, bodyOf(field, input));
  return body;
}

function bodyOf(
  field: WritableField,
  { desired, currentLinks, refusedCustomFields }: PatchInput,
): Record<string, unknown> {
  switch (field) {
    case 'title':
    case 'content':
    case 'created':
    case 'correspondent':
    case 'owner':
      return { [field]: desired[field] };
    case 'asn':
      return { archive_serial_number: desired.asn };
    case 'document_type':
      return { document_type: desired.documentType };
    case 'storage_path':
      return { storage_path: desired.storagePath };
    case 'tags':
      return { tags: desired.tags };
    case 'permissions':
      return { set_permissions: desired.permissions };
    case 'custom_fields':
      return { custom_fields: customFieldItems(desired, currentLinks, refusedCustomFields) };
    default:
      return field satisfies never;
  }
}

/** The whole set: paperless deletes every field that is not named (paperless-api.md section 7). */
export function customFieldItems(
  desired: DesiredDocument,
  currentLinks: ReadonlyMap<number, readonly number[]>,
  refused: ReadonlySet<number> = new Set(),
): CustomFieldValue[] {
  const values = desired.customFields.map(({ field, value }) => ({ field, value: refused.has(field) ? null : value }));
  const links = desired.links.map(({ replicaField }) => ({
    field: replicaField,
    value: [...(currentLinks.get(replicaField) ?? [])],
  }));
  return [...values, ...links];
}

const BODY_FIELD: Readonly<Record<string, WritableField>> = {
  archive_serial_number: 'asn',
  set_permissions: 'permissions',
};

/** Which of our fields a 400's field name means; null for one that no PATCH of ours sends. */
export function fieldOfBodyKey(key: string, sent: Readonly<Record<string, unknown>>): WritableField | null {
  const name = key.split('.')[0]?.split('[')[0] ?? key;
  if (!(name in sent)) return null;
  return BODY_FIELD[name] ?? (name as WritableField);
}
