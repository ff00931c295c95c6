import type { PaperlessHttp } from '../http.ts';
import {
  type Library,
  type LibraryField,
  type LibraryObject,
  type LibraryStoragePath,
  type LibraryTag,
  MATCHING,
} from '../library/index.ts';
import { fieldWire, objectWire, page } from '../wire.ts';
import { idOf, idsByName, ownerId, type People, permissionIds } from './people.ts';

/** A field's id and, for a select, the ids of its options by label. */
export interface FieldIds {
  readonly id: number;
  readonly options: ReadonlyMap<string, string>;
}

export interface TaxonomyIds {
  readonly tags: ReadonlyMap<string, number>;
  readonly parents: ReadonlyMap<string, string>;
  readonly correspondents: ReadonlyMap<string, number>;
  readonly documentTypes: ReadonlyMap<string, number>;
  readonly storagePaths: ReadonlyMap<string, number>;
  readonly fields: ReadonlyMap<string, FieldIds>;
}

export type Names = People & TaxonomyIds;

export async function makeTaxonomy(http: PaperlessHttp, library: Library, people: People): Promise<TaxonomyIds> {
  return {
    tags: await makeObjects(http, '/api/tags/', library.tags, people),
    parents: new Map(library.tags.flatMap(({ name, parent }) => (parent === undefined ? [] : [[name, parent]]))),
    correspondents: await makeObjects(http, '/api/correspondents/', library.correspondents, people),
    documentTypes: await makeObjects(http, '/api/document_types/', library.documentTypes, people),
    storagePaths: await makeObjects(http, '/api/storage_paths/', library.storagePaths, people),
    fields: await makeFields(http, library.customFields),
  };
}

type AnyObject = LibraryObject & Partial<LibraryTag> & Partial<LibraryStoragePath>;

async function makeObjects(http: PaperlessHttp, path: string, wanted: readonly AnyObject[], people: People) {
  const ids = idsByName((await http.get(`${path}?page_size=100000`, page(objectWire))).results);
  for (const object of wanted) {
    if (ids.has(object.name)) continue;
    ids.set(object.name, (await http.post(path, objectBody(object, people, ids), objectWire)).id);
  }
  return ids;
}

function objectBody(object: AnyObject, people: People, ids: ReadonlyMap<string, number>) {
  return {
    name: object.name,
    // Left out, the owner would be the caller, and the algorithm "any" (paperless-api.md 10.1).
    owner: ownerId(people, object.owner ?? null),
    match: object.match ?? '',
    matching_algorithm: MATCHING[object.matching ?? 'none'],
    is_insensitive: object.isInsensitive ?? true,
    ...(object.permissions && { set_permissions: permissionIds(people, object.permissions) }),
    ...(object.color !== undefined && { color: object.color, is_inbox_tag: object.isInbox ?? false }),
    ...(object.parent !== undefined && { parent: idOf(ids, object.parent) }),
    ...(object.path !== undefined && { path: object.path }),
  };
}

async function makeFields(http: PaperlessHttp, wanted: readonly LibraryField[]): Promise<Map<string, FieldIds>> {
  const known = (await http.get('/api/custom_fields/?page_size=100000', page(fieldWire))).results;
  const fields = new Map<string, FieldIds>();
  for (const { name, type, options, currency } of wanted) {
    const extra = {
      ...(options && { select_options: options.map((label) => ({ label })) }),
      ...(currency !== undefined && { default_currency: currency }),
    };
    const body = { name, data_type: type, ...(Object.keys(extra).length > 0 && { extra_data: extra }) };
    const field = known.find((row) => row.name === name) ?? (await http.post('/api/custom_fields/', body, fieldWire));
    const labelled = (field.extra_data?.select_options ?? []).map(({ label, id }) => [label, id ?? ''] as const);
    fields.set(name, { id: field.id, options: new Map(labelled) });
  }
  return fields;
}
