/** Master document -> what the replica's document must look like after finalising, in the replica's ids. */
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
}

export function translateDocument(master: PaperlessDocument, tables: TranslationTables): DesiredDocument {
  const reports: FieldReport[] = [];
  const object = (kind: TaxonomyKind, id: number | null): number | null => {
    if (id === null) return null;
    const mapped = tables.taxonomy[kind].get(id);
    if (mapped === undefined)
      reports.push(rejected(kind === 'tag' ? 'tags' : kind, tables.unmapped.get(`${kind}:${id}`) ?? `${kind} #${id} is not on the replica yet`));
    return mapped ?? null;
  };
  const tags = master.tags.map((id) => object('tag', id)).filter((id) => id !== null);
  const owner = translateOwner(master.owner, tables);
  const permissions = translatePermissions(master, tables);
  const fields = translateCustomFields(master, tables);
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
  };
}
