/** Desired against actual, field by field (product.md, words "equal"). Both sides are in the replica's ids. */
import { canonicalJson, fingerprint } from './fingerprint.ts';
import { WRITABLE_FIELDS, type WritableField } from './field-policy.ts';
import type { CustomFieldValue, PaperlessDocument } from './model.ts';
import { pythonTrim } from './python-text.ts';
import type { DesiredDocument } from './translate/index.ts';
import { normalisePermissions } from './translate/permissions.ts';
import { closeOverAncestors } from './translate/tags.ts';

export interface FieldDiff {
  readonly field: WritableField;
}

/**
 * Field -> comparable value; a field that is left to the replica has none (undefined), and is then neither compared, hashed
 * nor sent.
 */
export function canonicalDesired(desired: DesiredDocument): Record<WritableField, unknown> {
  const present = desired.links.map(({ replicaField }) => ({ field: replicaField, value: 'link' }));
  const left = Object.fromEntries(desired.leave.map((field) => [field, undefined]));
  return {
    title: desired.title,
    content: desired.content,
    created: desired.created,
    asn: desired.asn,
    correspondent: desired.correspondent,
    document_type: desired.documentType,
    storage_path: desired.storagePath,
    tags: [...desired.tags],
    custom_fields: sortFields([...desired.customFields, ...present]),
    owner: desired.owner,
    permissions: desired.permissions,
    ...left,
  };
}

/** `linkFields` names the documentlink fields, which have a phase of their own (H19). */
export function canonicalActual(
  replica: PaperlessDocument,
  linkFields: ReadonlySet<number>,
  tagParents: ReadonlyMap<number, number | null>,
): Record<WritableField, unknown> {
  const fields = replica.customFields.map(({ field, value }) => ({
    field,
    value: linkFields.has(field) ? 'link' : value,
  }));
  return {
    title: pythonTrim(replica.title),
    content: pythonTrim(replica.content),
    created: replica.created,
    asn: replica.asn,
    correspondent: replica.correspondent,
    document_type: replica.documentType,
    storage_path: replica.storagePath,
    tags: closeOverAncestors(replica.tags, tagParents),
    custom_fields: sortFields(fields),
    owner: replica.owner,
    permissions: normalisePermissions(replica.permissions),
  };
}

function sortFields(fields: readonly CustomFieldValue[]): CustomFieldValue[] {
  return [...fields].sort((a, b) => a.field - b.field);
}

/** The fields in which both differ, in the order of WRITABLE_FIELDS. */
export function diffFields(
  desired: Record<WritableField, unknown>,
  actual: Record<WritableField, unknown>,
): FieldDiff[] {
  return WRITABLE_FIELDS.filter(
    (field) => desired[field] !== undefined && canonicalJson(desired[field]) !== canonicalJson(actual[field]),
  ).map((field) => ({ field }));
}

/** What is kept of a set of values: a hash a field. */
export function fieldHashes(values: Partial<Record<WritableField, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([field, value]) => (value === undefined ? [] : [[field, fingerprint(value)]])),
  );
}
