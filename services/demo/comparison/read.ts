import { z } from 'zod';
import type { PaperlessHttp } from '../http.ts';
import {
  type DocumentWire,
  documentWire,
  type FieldWire,
  fieldWire,
  groupWire,
  type ObjectWire,
  objectWire,
  page,
  selfWire,
  userWire,
} from '../wire.ts';

export const OBJECT_KINDS = ['tags', 'correspondents', 'document_types', 'storage_paths'] as const;
export type ObjectKind = (typeof OBJECT_KINDS)[number];

/** Everything one instance says of itself, read once; nobody writes while a comparison runs. */
export interface Snapshot {
  readonly version: string;
  readonly tokenUser: string;
  readonly users: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<number, string>;
  readonly objects: Readonly<Record<ObjectKind, ReadonlyMap<number, ObjectWire>>>;
  readonly fields: ReadonlyMap<number, FieldWire>;
  readonly documents: readonly DocumentWire[];
}

const PAGE_SIZE = 100;
const ALL = `page_size=100000`;

/** All documents, or those whose titles begin so. */
export async function readInstance(http: PaperlessHttp, titlePrefix?: string): Promise<Snapshot> {
  const { user } = await http.get('/api/ui_settings/', selfWire);
  // Without a superuser's eyes a missing document may only be a hidden one (paperless-api.md 1.5).
  if (!user.is_superuser) throw new Error(`The token for ${http.url} is not a superuser's: it may not see everything.`);
  const users = (await http.get(`/api/users/?${ALL}`, page(userWire))).results;
  const groups = (await http.get(`/api/groups/?${ALL}`, page(groupWire))).results;
  const fields = (await http.get(`/api/custom_fields/?${ALL}`, page(fieldWire))).results;
  return {
    version: http.version() ?? '',
    tokenUser: user.username,
    users: new Map(users.map(({ id, username }) => [id, username])),
    groups: new Map(groups.map(({ id, name }) => [id, name])),
    objects: {
      tags: await readObjects(http, 'tags'),
      correspondents: await readObjects(http, 'correspondents'),
      document_types: await readObjects(http, 'document_types'),
      storage_paths: await readObjects(http, 'storage_paths'),
    },
    fields: new Map(fields.map((field) => [field.id, field])),
    documents: await readDocuments(http, titlePrefix),
  };
}

async function readObjects(http: PaperlessHttp, kind: ObjectKind): Promise<Map<number, ObjectWire>> {
  const { results } = await http.get(`/api/${kind}/?${ALL}&full_perms=true`, page(objectWire));
  return new Map(results.map((object) => [object.id, object]));
}

const census = z.object({ all: z.array(z.number()) });

async function readDocuments(http: PaperlessHttp, titlePrefix?: string): Promise<DocumentWire[]> {
  const filter = titlePrefix === undefined ? '' : `&title__istartswith=${encodeURIComponent(titlePrefix)}`;
  // The census comes in one answer, so it cannot skip a document; pages can (paperless-api.md 2.5).
  const { all } = await http.get(`/api/documents/?page_size=1&fields=id${filter}`, census);
  const documents: DocumentWire[] = [];
  for (let number = 1; documents.length < all.length; number += 1) {
    const path = `/api/documents/?page=${number}&page_size=${PAGE_SIZE}&ordering=id&full_perms=true${filter}`;
    documents.push(...(await http.get(path, page(documentWire))).results);
  }
  const seen = new Set(documents.map(({ id }) => id));
  if (seen.size !== all.length || all.some((id) => !seen.has(id)))
    throw new Error(
      `${http.url} changed while it was read: ${all.length} documents at first, ${seen.size} in the pages.`,
    );
  return documents;
}
