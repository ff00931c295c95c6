/**
 * What the documents of a replica will look like once a taxonomy plan was carried out, for whoever only looks (dry run).
 * Objects that are still to be made stand for themselves by a negative id.
 */
import { TAXONOMY_KINDS, type PaperlessDocument, type TaxonomyKind } from '../model.ts';
import type { FieldMapping, TranslationTables } from '../translate/tables.ts';
import { closeOverAncestors } from '../translate/tags.ts';
import type { TaxonomyAction } from './actions.ts';
import type { TaxonomyPlan } from './plan.ts';

export interface Outlook {
  readonly tables: TranslationTables;
  /** paperless takes deleted objects and options off its documents by itself, and adds the ancestors of a moved tag. */
  afterwards(copy: PaperlessDocument): PaperlessDocument;
}

/** Any id that is not one of the replica's. */
const standIn = (masterId: number): number => -masterId;

type Doing<D extends TaxonomyAction['do']> = Extract<TaxonomyAction, { do: D }>;

export function outlookOf(plan: Pick<TaxonomyPlan, 'actions' | 'tables'>): Outlook {
  const doing = <D extends TaxonomyAction['do']>(what: D) =>
    plan.actions.filter((action): action is Doing<D> => action.do === what);
  const { tables } = plan;
  const taxonomy = Object.fromEntries(TAXONOMY_KINDS.map((kind) => [kind, new Map(tables.taxonomy[kind])])) as Record<
    TaxonomyKind,
    Map<number, number>
  >;
  const unmapped = new Map(tables.unmapped);
  for (const { kind, masterId } of [...doing('create'), ...doing('create_field')])
    unmapped.delete(`${kind}:${masterId}`);
  for (const { kind, masterId } of doing('create')) taxonomy[kind].set(masterId, standIn(masterId));
  const after: TranslationTables = {
    ...tables,
    taxonomy,
    unmapped,
    fields: fieldsAfter(tables.fields, doing('create_field'), doing('change_field')),
    tagParents: parentsAfter(tables.tagParents, taxonomy.tag, doing('create'), doing('move')),
  };
  const deleted = doing('delete');
  const options = doing('remove_options');
  return { tables: after, afterwards: (copy) => without(copy, deleted, options, after.tagParents) };
}

function fieldsAfter(
  fields: TranslationTables['fields'],
  created: readonly Doing<'create_field'>[],
  changed: readonly Doing<'change_field'>[],
): Map<number, FieldMapping> {
  const after = new Map(fields);
  for (const { masterId, field } of created)
    after.set(masterId, {
      replicaId: standIn(masterId),
      name: field.name,
      dataType: field.dataType,
      options: new Map(field.selectOptions.map(({ id }) => [id, id])),
    });
  for (const { masterId, field } of changed) {
    const mapping = after.get(masterId);
    if (!mapping) continue;
    const options = new Map(mapping.options);
    for (const { id } of field.selectOptions) if (!options.has(id)) options.set(id, id);
    after.set(masterId, { ...mapping, options });
  }
  return after;
}

function parentsAfter(
  parents: TranslationTables['tagParents'],
  tags: ReadonlyMap<number, number>,
  created: readonly Doing<'create'>[],
  moved: readonly Doing<'move'>[],
): Map<number, number | null> {
  const after = new Map(parents);
  const onReplica = (parent: number | null) => (parent === null ? null : (tags.get(parent) ?? null));
  for (const { kind, masterId, parent } of created) if (kind === 'tag') after.set(standIn(masterId), onReplica(parent));
  // Later moves of one tag overrule the earlier ones, which only make room.
  for (const { replicaId, parent } of moved) after.set(replicaId, onReplica(parent));
  return after;
}

function without(
  copy: PaperlessDocument,
  deleted: readonly Doing<'delete'>[],
  removed: readonly Doing<'remove_options'>[],
  parents: ReadonlyMap<number, number | null>,
): PaperlessDocument {
  const gone = (kind: string) => new Set(deleted.flatMap((action) => (action.kind === kind ? [action.replicaId] : [])));
  const kept = (kind: string, id: number | null) => (id !== null && gone(kind).has(id) ? null : id);
  const fields = gone('custom_field');
  const tags = gone('tag');
  const lostOption = (field: number, value: unknown) =>
    removed.some((action) => action.replicaId === field && action.options.some(({ id }) => id === value));
  return {
    ...copy,
    correspondent: kept('correspondent', copy.correspondent),
    documentType: kept('document_type', copy.documentType),
    storagePath: kept('storage_path', copy.storagePath),
    tags: closeOverAncestors(
      copy.tags.filter((tag) => !tags.has(tag)),
      parents,
    ).filter((tag) => !tags.has(tag)),
    customFields: copy.customFields
      .filter(({ field }) => !fields.has(field))
      .map(({ field, value }) => ({ field, value: lostOption(field, value) ? null : value })),
  };
}
