/** Reading documents: the change feed, the census, single documents and the lookups of the protocol. */
import type { z } from 'zod';
import { AppError } from '../kernel/errors.ts';
import type {
  Census,
  DocumentRow,
  FeedPage,
  FeedRow,
  IdentityRow,
  PaperlessReader,
  PaperlessWriter,
  ReservedRow,
} from './api.ts';
import { parseAs, readJson, serverDateOf, writeJson } from './http.ts';
import type { ApiRequest, Http } from './http.ts';
import { readAll } from './lists.ts';
import type { CapabilityProbe } from './capabilities.ts';
import type { PaperlessDocument } from '../domain/model.ts';
import type { Query } from './url.ts';
import { answeredError, wrongShape } from './errors.ts';
import { toDocument, toVersions } from './mapper.ts';
import * as wire from './wire.ts';

const LIST = '/api/documents/';
const ONE = '/api/documents/{id}/';
/** Keeps the URL under the 4 KiB that the strictest common proxies take. */
const IDS_PER_REQUEST = 250;
/** A page with permissions blocks the web process of a 2.20 instance for 7 ms a row. */
export const FULL_DOCUMENTS_PER_REQUEST = 100;

type DocumentReads = Pick<
  PaperlessReader,
  | 'feedPage'
  | 'census'
  | 'document'
  | 'documents'
  | 'identities'
  | 'lowestAddedAfter'
  | 'lastAdded'
  | 'times'
  | 'reserved'
  | 'byAsn'
  | 'byChecksum'
  | 'liveAmong'
>;

export function documentReads(http: Http, probe: CapabilityProbe): DocumentReads {
  return {
    feedPage: (modifiedGte, pageSize, signal) => feedPage(http, modifiedGte, pageSize, signal),
    census: (signal) => census(http, signal),
    document: (id, signal) => document(http, id, signal),
    documents: (ids, signal) => documents(http, ids, signal),
    identities: (ids, signal) => identities(http, ids, signal),
    times: (ids, signal) => times(http, ids, signal),
    lowestAddedAfter: (time, signal) => lowestAddedAfter(http, time, signal),
    lastAdded: (signal) => lastAdded(http, signal),
    reserved: (base, signal) => reserved(http, base, signal),
    byAsn: (asn, signal) => byAsn(http, asn, signal),
    byChecksum: (hex, signal) => byChecksum(http, probe, hex, signal),
    liveAmong: (ids, signal) => liveAmong(http, ids, signal),
  };
}

function listRequest(query: ApiRequest['query'], signal: AbortSignal | undefined): ApiRequest {
  return { method: 'GET', route: LIST, purpose: 'list', query, signal };
}

/** paperless ignores a filter it does not know and answers with everything (paperless-api.md 2.3). */
function filterIgnored(request: ApiRequest): AppError {
  return wrongShape(request, 'it holds rows that the filter excludes');
}

async function feedPage(
  http: Http,
  modifiedGte: string | null,
  pageSize: number,
  signal?: AbortSignal,
): Promise<FeedPage> {
  const since = modifiedGte === null ? {} : { modified__gte: modifiedGte };
  const request = listRequest(
    { fields: 'id,modified,added', ordering: 'modified,id', page: 1, page_size: pageSize, ...since },
    signal,
  );
  return await http.read(request, (answer) => {
    const { count, results } = parseAs(request, answer, wire.pageOf(wire.feedRow));
    if (results.length < Math.min(count, pageSize)) throw wrongShape(request, 'its page is shorter than it has to be');
    // one millisecond: what Date cuts off
    const floor = modifiedGte === null ? Number.NEGATIVE_INFINITY : Date.parse(modifiedGte) - 1;
    if (results.some((row) => Date.parse(row.modified) < floor)) throw filterIgnored(request);
    return { rows: results, serverDate: serverDateOf(request, answer) };
  });
}

async function census(http: Http, signal?: AbortSignal): Promise<Census> {
  const request = listRequest({ fields: 'id', page_size: 1 }, signal);
  return await http.read(request, (answer) => {
    const { count, all } = parseAs(request, answer, wire.census);
    if (all.length !== count) throw wrongShape(request, 'its id list is not as long as its count');
    return { ids: all, serverDate: serverDateOf(request, answer) };
  });
}

/** null only where paperless itself says that this object is not there; the caller proves visibility (H4). */
async function document(http: Http, id: number, signal?: AbortSignal) {
  const request: ApiRequest = { method: 'GET', route: ONE, id, purpose: 'object', query: { full_perms: true }, signal };
  return await orNull(async () => {
    const found = await readJson(http, request, wire.document);
    if (found.id !== id) throw wrongShape(request, 'it is another document than asked for');
    return toDocument(found);
  });
}

async function documents(http: Http, ids: readonly number[], signal?: AbortSignal): Promise<PaperlessDocument[]> {
  const found: PaperlessDocument[] = [];
  const rows = { pageSize: FULL_DOCUMENTS_PER_REQUEST, full_perms: true };
  for await (const row of rowsById(http, ids, rows, wire.document, signal)) found.push(toDocument(row));
  return found;
}

async function identities(http: Http, ids: readonly number[], signal?: AbortSignal): Promise<IdentityRow[]> {
  const found: IdentityRow[] = [];
  const fields = 'id,title,created,added,archive_serial_number,original_file_name,versions';
  for await (const row of rowsById(http, ids, { pageSize: IDS_PER_REQUEST, fields }, wire.identityRow, signal))
    found.push({
      ...toReserved(row),
      created: row.created,
      originalFileName: row.original_file_name ?? null,
      versions: toVersions(row.versions),
    });
  return found;
}

async function lowestAddedAfter(http: Http, time: string, signal?: AbortSignal) {
  const request = listRequest({ fields: 'id,added', added__gt: time, ordering: 'id', page_size: 1 }, signal);
  const { results } = await readJson(http, request, wire.pageOf(wire.addedRow));
  const [row] = results;
  if (row === undefined) return null;
  // one millisecond: what Date cuts off
  if (Date.parse(row.added) < Date.parse(time) - 1) throw filterIgnored(request);
  return row;
}

async function lastAdded(http: Http, signal?: AbortSignal) {
  const request = listRequest({ fields: 'id,added', ordering: '-added', page_size: 1 }, signal);
  const { results } = await readJson(http, request, wire.pageOf(wire.addedRow));
  return results[0] ?? null;
}

export async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof AppError && error.code === 'object_not_found') return null;
    throw error;
  }
}

function toReserved(row: z.output<typeof wire.reservedRow>): ReservedRow {
  return { id: row.id, title: row.title, added: row.added, asn: row.archive_serial_number };
}

async function reserved(http: Http, base: number, signal?: AbortSignal): Promise<ReservedRow[]> {
  const query = { fields: 'id,title,added,archive_serial_number', archive_serial_number__gte: base };
  const rows = await readAll(http, { route: LIST, query, signal }, wire.reservedRow);
  if (rows.some((row) => (row.archive_serial_number ?? -1) < base)) throw filterIgnored(listRequest(query, signal));
  return rows.map(toReserved);
}

async function byAsn(http: Http, asn: number, signal?: AbortSignal): Promise<ReservedRow | null> {
  const query = { fields: 'id,title,added,archive_serial_number', archive_serial_number: asn, page_size: 2 };
  const request = listRequest(query, signal);
  const { count, results } = await readJson(http, request, wire.pageOf(wire.reservedRow));
  if (count > 1 || results.length !== count || results.some((row) => row.archive_serial_number !== asn))
    throw filterIgnored(request);
  return results[0] === undefined ? null : toReserved(results[0]);
}

/**
 * The other generation's hash would find nothing, which reads as "not there" right after an upgrade (E28): refused before
 * the request, and after it when the answer came from another generation than the one that was probed.
 */
async function byChecksum(
  http: Http,
  probe: CapabilityProbe,
  hex: string,
  signal?: AbortSignal,
): Promise<DocumentRow[]> {
  const generation = await probe.generation(signal);
  if (!(generation === 'v2' ? /^[0-9a-f]{32}$/i : /^[0-9a-f]{64}$/i).test(hex)) throw otherFamily();
  const query = { fields: 'id,title,created,added,archive_serial_number', checksum__iexact: hex };
  const rows = await readAll(http, { route: LIST, query, signal }, wire.documentRow);
  if ((await probe.generation(signal)) !== generation) throw otherFamily();
  return rows.map((row) => ({ ...toReserved(row), created: row.created }));
}

function otherFamily(): AppError {
  return new AppError({
    code: 'checksum_family',
    class: 'conflict',
    message: 'The instance keeps another kind of checksum (MD5 on 2.20, SHA-256 on 3.x) than it was asked for.',
    scope: 'instance',
  });
}

async function times(http: Http, ids: readonly number[], signal?: AbortSignal): Promise<FeedRow[]> {
  const found: FeedRow[] = [];
  const rows = { pageSize: IDS_PER_REQUEST, fields: 'id,modified,added' };
  for await (const row of rowsById(http, ids, rows, wire.feedRow, signal)) found.push(row);
  return found;
}

async function liveAmong(http: Http, ids: readonly number[], signal?: AbortSignal): Promise<number[]> {
  const live: number[] = [];
  const rows = { pageSize: IDS_PER_REQUEST, fields: 'id' };
  for await (const row of rowsById(http, ids, rows, wire.idRow, signal)) live.push(row.id);
  return live;
}

/** Rows of the named documents, a request for each `pageSize` of them; what is not live has no row. */
async function* rowsById<T extends z.ZodType<{ id: number }>>(
  http: Http,
  ids: readonly number[],
  { pageSize, ...query }: { readonly pageSize: number } & Query,
  row: T,
  signal: AbortSignal | undefined,
): AsyncGenerator<z.output<T>> {
  const wanted = [...new Set(ids)];
  // An empty list would be no filter at all: the loop makes no request then.
  for (let at = 0; at < wanted.length; at += pageSize) {
    const part = wanted.slice(at, at + pageSize);
    const asked = { ...query, id__in: part.join(',') };
    const rows = await readAll(http, { route: LIST, query: asked, pageSize, signal }, row);
    const named = new Set(part);
    if (rows.some((found) => !named.has(found.id))) throw filterIgnored(listRequest(asked, signal));
    yield* rows;
  }
}

type DocumentWrites = Pick<PaperlessWriter, 'patchDocument' | 'trashDocument'>;

export function documentWrites(http: Http): DocumentWrites {
  return {
    async patchDocument(id, body, signal) {
      // No `fields` here: on a write it drops the fields from the input (paperless-api.md 2.2).
      const request: ApiRequest = { method: 'PATCH', route: ONE, id, purpose: 'change', signal };
      const patched = await writeJson(http, request, body, wire.patchedDocument);
      if (patched.id !== id) throw answeredError(request, 200, 'was answered with another document.');
      return { modified: patched.modified };
    },
    async trashDocument(id, signal) {
      await http.write({ method: 'DELETE', route: ONE, id, purpose: 'change', signal }, () => undefined);
    },
  };
}
