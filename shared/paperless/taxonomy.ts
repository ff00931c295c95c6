/** Tags, correspondents, document types, storage paths, custom fields; users and groups (read only). */
import type { z } from 'zod';
import type { TaxonomyKind } from '../domain/model.ts';
import type { PaperlessReader, PaperlessWriter, TaxonomyUse } from './api.ts';
import { orNull } from './documents.ts';
import { wrongShape } from './errors.ts';
import { readJson, writeJson } from './http.ts';
import type { ApiRequest, Http } from './http.ts';
import { readAll } from './lists.ts';
import { toCustomField, toTaxonomyObject } from './mapper.ts';
import * as wire from './wire.ts';

const ROUTES: Readonly<Record<TaxonomyKind, string>> = {
  tag: '/api/tags/',
  correspondent: '/api/correspondents/',
  document_type: '/api/document_types/',
  storage_path: '/api/storage_paths/',
};
const FIELDS = '/api/custom_fields/';
const FULL = { full_perms: true };

const DOCUMENTS = '/api/documents/';
const USED_BY: Readonly<Record<TaxonomyUse['kind'], string>> = {
  tag: 'tags__id__all',
  correspondent: 'correspondent__id',
  document_type: 'document_type__id',
  storage_path: 'storage_path__id',
  custom_field: 'custom_fields__id__all',
};

type TaxonomyReads = Pick<
  PaperlessReader,
  'taxonomy' | 'customFields' | 'taxonomyObject' | 'customField' | 'documentsUsing' | 'users' | 'groups'
>;

export function taxonomyReads(http: Http): TaxonomyReads {
  return {
    async taxonomy(kind, signal) {
      const rows = await readAll(http, { route: ROUTES[kind], query: FULL, signal }, wire.taxonomyObject);
      return rows.map((row) => toTaxonomyObject(kind, row));
    },
    async customFields(signal) {
      return (await readAll(http, { route: FIELDS, signal }, wire.customField)).map(toCustomField);
    },
    async taxonomyObject(kind, id, signal) {
      const found = await one(http, ROUTES[kind], FULL, id, wire.taxonomyObject, signal);
      return found && toTaxonomyObject(kind, found);
    },
    async customField(id, signal) {
      const found = await one(http, FIELDS, {}, id, wire.customField, signal);
      return found && toCustomField(found);
    },
    documentsUsing: (use, signal) => documentsUsing(http, use, signal),
    async users(signal) {
      const rows = await readAll(http, { route: '/api/users/', signal }, wire.user);
      return rows.map((row) => ({ id: row.id, name: row.username }));
    },
    async groups(signal) {
      return await readAll(http, { route: '/api/groups/', signal }, wire.group);
    },
  };
}

async function one<T extends { id: number }>(
  http: Http,
  route: string,
  query: ApiRequest['query'],
  id: number,
  shape: z.ZodType<T>,
  signal: AbortSignal | undefined,
): Promise<T | null> {
  const request: ApiRequest = { method: 'GET', route: `${route}{id}/`, id, purpose: 'object', query, signal };
  return await orNull(async () => {
    const found = await readJson(http, request, shape);
    if (found.id !== id) throw wrongShape(request, 'it is another object than asked for');
    return found;
  });
}

/** `all` names every hit whatever the page size (paperless-api.md 2.1). */
async function documentsUsing(http: Http, use: TaxonomyUse, signal?: AbortSignal): Promise<number[]> {
  const filter =
    use.option === undefined
      ? { [USED_BY[use.kind]]: use.id }
      : { custom_field_query: JSON.stringify([use.id, 'exact', use.option]) };
  const query = { fields: 'id', page_size: 1, ...filter };
  const request: ApiRequest = { method: 'GET', route: DOCUMENTS, purpose: 'list', query, signal };
  const { count, all } = await readJson(http, request, wire.census);
  if (all.length !== count) throw wrongShape(request, 'its id list is not as long as its count');
  return all;
}

type TaxonomyWrites = Pick<
  PaperlessWriter,
  'createTaxonomy' | 'patchTaxonomy' | 'deleteTaxonomy' | 'createCustomField' | 'patchCustomField' | 'deleteCustomField'
>;

export function taxonomyWrites(http: Http): TaxonomyWrites {
  return {
    async createTaxonomy(kind, body, signal) {
      const created = await writeJson(http, create(ROUTES[kind], FULL, signal), body, wire.taxonomyObject);
      return toTaxonomyObject(kind, created);
    },
    async patchTaxonomy(kind, id, body, signal) {
      const request = change('PATCH', ROUTES[kind], id, signal);
      return toTaxonomyObject(kind, await writeJson(http, { ...request, query: FULL }, body, wire.taxonomyObject));
    },
    async deleteTaxonomy(kind, id, signal) {
      await http.write(change('DELETE', ROUTES[kind], id, signal), () => undefined);
    },
    async createCustomField(body, signal) {
      return toCustomField(await writeJson(http, create(FIELDS, {}, signal), body, wire.customField));
    },
    async patchCustomField(id, body, signal) {
      return toCustomField(await writeJson(http, change('PATCH', FIELDS, id, signal), body, wire.customField));
    },
    async deleteCustomField(id, signal) {
      await http.write(change('DELETE', FIELDS, id, signal), () => undefined);
    },
  };
}

function create(route: string, query: ApiRequest['query'], signal: AbortSignal | undefined): ApiRequest {
  return { method: 'POST', route, purpose: 'create', query, signal };
}

function change(method: 'PATCH' | 'DELETE', route: string, id: number, signal: AbortSignal | undefined): ApiRequest {
  return { method, route: `${route}{id}/`, id, purpose: 'change', signal };
}
