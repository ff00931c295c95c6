/**
 * Downloads, previews, metadata, thumbnails. The ETag of a conditional request is the cheapest way to a checksum on v2, where
 * no list shows one (paperless-api.md 3.3).
 */

import type { Context } from '../context.ts';
import { forbiddenText, json, notFound, type Reply } from '../http/reply.ts';
import { httpDate, pythonIsoTime } from '../state/clock.ts';
import type { Blob } from '../state/blobs.ts';
import type { DocumentRow } from '../state/model.ts';
import { canSee } from '../users/permissions.ts';
import { detectLanguage } from '../consumption/language.ts';
import { contentDisposition, extensionOf, mediaName, publicName } from './names.ts';
import { newestVersion } from './serialize.ts';
import { alteredBytes, replaceBeforeDownload } from './file-faults.ts';

/** The row whose file is meant: the newest version, one that `?version=` names, or the row of the path itself. */
function effectiveRow(context: Context, trashedToo: boolean): { row: DocumentRow; file: DocumentRow } {
  const { store, query } = context;
  const row = store.documents.get(context.id());
  if (!row || (row.deletedAt !== null && !trashedToo)) throw notFound();
  const asked = context.isV3 ? query.given('version') : null;
  if (asked === null) return { row, file: row.rootDocument === null ? newestVersion(store, row) : row };
  const root = row.rootDocument ?? row.id;
  const version = store.documents.get(Number(asked));
  if (!version || (version.id !== root && version.rootDocument !== root)) throw notFound();
  if (version.deletedAt !== null && !trashedToo) throw notFound();
  return { row, file: version };
}

interface Validators {
  readonly etag: string | null;
  readonly lastModified: number | null;
}

function validatorHeaders({ etag, lastModified }: Validators): Record<string, string> {
  return {
    ...(etag === null ? {} : { etag: `"${etag}"` }),
    ...(lastModified === null ? {} : { 'last-modified': httpDate(lastModified) }),
    'cache-control': 'no-cache',
  };
}

/** 304 is answered before anybody looks at the object's permissions (paperless-api.md 3.3). */
function notModified({ request }: Context, { etag, lastModified }: Validators): boolean {
  const ifNoneMatch = request.headers['if-none-match'];
  if (ifNoneMatch !== undefined) {
    if (etag === null) return false;
    const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    return tags.includes('*') || tags.includes(`"${etag}"`);
  }
  const since = request.headers['if-modified-since'];
  if (since === undefined || lastModified === null) return false;
  return Math.floor(lastModified / 1_000_000) * 1000 <= Date.parse(since);
}

export async function download(context: Context): Promise<Reply> {
  context.require('view_document');
  await replaceBeforeDownload(context);
  const { row, file } = effectiveRow(context, true);
  if (!canSee(context.user, row)) throw forbiddenText();
  return serve(context, file, 'attachment', {});
}

export function preview(context: Context): Promise<Reply> | Reply {
  context.require('view_document');
  const { row, file } = effectiveRow(context, true);
  const validators = previewValidators(context, row, file);
  const headers = validatorHeaders(validators);
  if (notModified(context, validators)) return { status: 304, headers };
  if (!canSee(context.user, row)) throw forbiddenText(undefined, headers);
  return serve(context, file, 'inline', headers);
}

function previewValidators({ query }: Context, row: DocumentRow, file: DocumentRow): Validators {
  // The validators are looked up among live rows only: a trashed one has none.
  if (row.deletedAt !== null) return { etag: null, lastModified: null };
  const original = query.get('original') === 'true';
  return { etag: original ? file.checksum : file.archiveChecksum, lastModified: file.modified };
}

async function serve(
  context: Context,
  row: DocumentRow,
  kind: 'attachment' | 'inline',
  headers: Record<string, string>,
): Promise<Reply> {
  const { store, query, instance } = context;
  const archive = row.archive !== null && query.get('original') !== 'true';
  const blob = archive ? (row.archive as Blob) : row.file;
  const occasion = { method: context.method, path: context.path, detail: '' };
  if (instance.faults.strike('file-missing', occasion)) throw notFound();
  const altered = instance.faults.strike('alter-download', occasion)
    ? alteredBytes(await store.blobs.read(blob))
    : null;
  return {
    status: 200,
    headers: {
      'content-type': contentType(row, archive, kind),
      'content-disposition': contentDisposition(kind, publicName(store, row, archive)),
      ...headers,
    },
    file: altered
      ? { size: altered.length, open: () => store.blobs.stream({ ...blob, bytes: altered, name: null }) }
      : { size: blob.size, open: () => store.blobs.stream(blob) },
  };
}

function contentType(row: DocumentRow, archive: boolean, kind: 'attachment' | 'inline'): string {
  if (archive) return 'application/pdf';
  // Browsers would download a table instead of showing it.
  const isTable = row.mimeType === 'text/csv' || row.mimeType === 'application/csv';
  return isTable && kind === 'inline' ? 'text/plain' : row.mimeType;
}

export function metadata(context: Context): Reply {
  context.require('view_document');
  const { row, file } = effectiveRow(context, false);
  const etag = context.isV3 ? `${file.checksum}:${pythonIsoTime(file.modified)}` : file.checksum;
  const validators = { etag, lastModified: file.modified };
  const headers = validatorHeaders(validators);
  if (notModified(context, validators)) return { status: 304, headers };
  if (!canSee(context.user, row)) throw forbiddenText(undefined, headers);
  return json(metadataJson(file), 200, headers);
}

function metadataJson(row: DocumentRow): Record<string, unknown> {
  const pdf = [{ namespace: 'http://ns.adobe.com/pdf/1.3/', prefix: 'pdf', key: 'Producer', value: 'simulator' }];
  return {
    original_checksum: row.checksum,
    original_size: row.file.size,
    original_mime_type: row.mimeType,
    media_filename: mediaName(row, extensionOf(row.mimeType)),
    has_archive_version: row.archive !== null,
    original_metadata: row.mimeType === 'application/pdf' ? pdf : [],
    archive_checksum: row.archiveChecksum,
    archive_media_filename: row.archive ? mediaName(row, '.pdf') : null,
    original_filename: row.originalFileName,
    archive_size: row.archive?.size ?? null,
    archive_metadata: row.archive ? pdf : null,
    lang: detectLanguage(row.content),
  };
}

/** A WebP picture of one grey pixel stands for every thumbnail. */
const THUMBNAIL = Buffer.from('UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAUAmJaQAA3AA/v89WAAAAA==', 'base64');

export function thumbnail(context: Context): Reply {
  context.require('view_document');
  const { row, file } = effectiveRow(context, context.isV3);
  const live = row.deletedAt === null;
  const validators = { etag: context.isV3 && live ? file.checksum : null, lastModified: live ? file.added : null };
  const headers = validatorHeaders(validators);
  if (notModified(context, validators)) return { status: 304, headers };
  if (!canSee(context.user, row)) throw forbiddenText(undefined, headers);
  const disposition: Record<string, string> = context.isV3
    ? { 'content-disposition': `inline; filename="${mediaName(file, '.webp')}"` }
    : {};
  const open = () =>
    context.store.blobs.stream({ size: THUMBNAIL.length, md5: '', sha256: '', name: null, bytes: THUMBNAIL });
  return {
    status: 200,
    headers: { 'content-type': 'image/webp', ...disposition, ...headers },
    file: { size: THUMBNAIL.length, open },
  };
}
