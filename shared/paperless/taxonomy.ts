/** Tags, correspondents, document types, storage paths, custom fields; users and groups (read only). */
import type { TaxonomyKind } from '../domain/model.ts';
import type { PaperlessReader, PaperlessWriter } from './api.ts';
import { writeJson } from './http.ts';
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

type TaxonomyReads = Pick<PaperlessReader, 'taxonomy' | 'customFields' | 'users' | 'groups'>;

export function taxonomyReads(http: Http): TaxonomyReads {
  return {
    async taxonomy(kind, signal) {
      const rows = await readAll(http, { route: ROUTES[kind], query: FULL, signal }, wire.taxonomyObject);
      return rows.map((row) => toTaxonomyObject(kind, row));
    },
    async customFields(signal) {
      return (await readAll(http, { route: FIELDS, signal }, wire.customField)).map(toCustomField);
    },
    async users(signal) {
      const rows = await readAll(http, { route: '/api/users/', signal }, wire.user);
      return rows.map((row) => ({ id: row.id, name: row.username }));
    },
    async groups(signal) {
      return await readAll(http, { route: '/api/groups/', signal }, wire.group);
    },
  };
}

type TaxonomyWrites = Pick<
  PaperlessWriter,
  'createTaxonomy' | 'patchTaxonomy' | 'deleteTaxonomy' | 'createCustomField' | 'patchCustomField'
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
  };
}

function create(route: string, query: ApiRequest['query'], signal: AbortSignal | undefined): ApiRequest {
  return { method: 'POST', route, purpose: 'create', query, signal };
}

function change(method: 'PATCH' | 'DELETE', route: string, id: number, signal: AbortSignal | undefined): ApiRequest {
  return { method, route: `${route}{id}/`, id, purpose: 'change', signal };
}
