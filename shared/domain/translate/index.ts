/** Master document -> what the replica's document must look like after finalising, in the replica's ids. */
import type { WritableField } from '../field-policy.ts';
import type { CustomFieldValue, PaperlessDocument, Permissions, TaxonomyKind } from '../model.ts';
import { pythonTrim } from '../python-text.ts';
import { rejected, type FieldReport } from '../report.ts';
import { translateCustomFields, type LinkField } from './custom-fields.ts';
import { translateOwner, translatePermissions } from './permissions.ts';
import type { TranslationTables } from './tables.ts';
import { closeOverAncestors } from './tags.ts';

export interface DesiredDocument {
  readonly title: string;
  readonly content: string;
  readonly created: string;
  readonly asn: number | null;
  readonly correspondent: number | null;
  readonly documentType: number | null;
  readonly storagePath: number | null;
  readonly tags: readonly number[];
  readonly owner: number | null;
  readonly permissions: Permissions;
  readonly customFields: readonly CustomFieldValue[];
  readonly links: readonly LinkField[];
  readonly reports: readonly FieldReport[];
  /**
   * Fields that name an object which the master's list, as read for this run, does not have: it is newer than the list, or
   * the list was not whole (E4). Their value on the replica is left as it is.
   */
  readonly unknown: readonly WritableField[];
  /** Fields that are the replica's own: neither compared nor written (policy `skip`; rights that the master's token cannot see). */
  readonly leave: readonly WritableField[];
}

export function translateDocument(master: PaperlessDocument, tables: TranslationTables): DesiredDocument {
  const reports: FieldReport[] = [];
  const unknown = new Set<WritableField>();
  const object = (kind: TaxonomyKind, id: number | null): number | null => {
    if (id === null) return null;
    const mapped = tables.taxonomy[kind].get(id);
    if (mapped !== undefined) return mapped;
    const field = kind === 'tag' ? 'tags' : kind;
    const why = tables.unmapped.get(`${kind}:${id}`);
    if (why === undefined) unknown.add(field);
    reports.push(rejected(field, why ?? `${kind} #${id} is not on the replica yet`));
    return null;
  };
  const tags = master.tags.map((id) => object('tag', id)).filter((id) => id !== null);
  const owner = translateOwner(master.owner, tables);
  const permissions = translatePermissions(master, tables);
  const fields = translateCustomFields(master, tables);
  if (fields.unknown) unknown.add('custom_fields');
  return {
    title: pythonTrim(master.title),
    content: pythonTrim(master.content),
    created: master.created,
    asn: master.asn,
    correspondent: object('correspondent', master.correspondent),
    documentType: object('document_type', master.documentType),
    storagePath: object('storage_path', master.storagePath),
    tags: closeOverAncestors(tags, tables.tagParents),
    owner: owner.owner,
    permissions: permissions.permissions,
    customFields: fields.values,
    links: fields.links,
    reports: [...reports, ...owner.reports, ...permissions.reports, ...fields.reports],
    unknown: [...unknown],
    leave: [...(owner.leave ? (['owner'] as const) : []), ...(master.permissions ? [] : (['permissions'] as const))],
  };
}
