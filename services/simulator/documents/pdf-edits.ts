/**
 * Edits of pages. The new file is not the old one with pages turned: it is another PDF with the right number of pages and the
 * old text, because clients only see that bytes, checksum and page count are new.
 */

import { archivePdf } from '../consumption/archive.ts';
import { opensWith } from '../consumption/pdf-password.ts';
import { noOverrides, type Upload } from '../consumption/upload.ts';
import type { Context } from '../context.ts';
import { badRequest, HttpError, text } from '../http/reply.ts';
import type { DocumentRow } from '../state/model.ts';
import { bumpLater } from '../tasks/background.ts';
import type { Parameters } from './bulk-edit.ts';
import { touch } from './links.ts';
import { readAgainLater } from './reprocess.ts';
import { newestVersion } from './serialize.ts';
import { trashDocument } from './trash.ts';

const refuse = (message: string): HttpError => badRequest({ non_field_errors: [message] });

type Rows = readonly DocumentRow[];

/** The bytes of an edited file: so many pages and the old text, different for every edit. */
function editedFile({ store }: Context, from: Rows, what: string, pages: number): Buffer {
  const sources = from.map((row) => newestVersion(store, row));
  const mark = `${sources.map((row) => row.checksum).join('+')} ${what} ${store.random(8)}`;
  return archivePdf(mark, sources.map((row) => row.content).join('\n'), pages);
}

/** On v2 the file is rewritten in place, on v3 it becomes a version by way of a consumption (paperless-api.md 8.2, 8.3). */
function replaceFile(context: Context, row: DocumentRow, name: string, pages: number): void {
  const bytes = editedFile(context, [row], name, pages);
  if (context.isV3) consume(context, row, { fileName: `${row.id}_${name}.pdf`, bytes, versionOf: row.id });
  else rewrite(context, row, bytes, pages);
}

function rewrite({ store, instance }: Context, row: DocumentRow, bytes: Buffer, pages: number): void {
  const file = store.blobs.put(bytes);
  store.index.forgetChecksum(row.checksum, row);
  row.file = file;
  row.checksum = file[instance.profile.checksum];
  row.pageCount = pages;
  touch(store, row);
  // Text and archive follow later, and then nothing moves any more.
  readAgainLater(instance, row);
}

interface NewFile {
  readonly fileName: string;
  readonly bytes: Buffer;
  readonly versionOf?: number;
  readonly title?: string;
  readonly asn?: number | null;
  readonly onStored?: () => void;
}

function consume(context: Context, like: DocumentRow, file: NewFile): void {
  const { store, user, instance, isV3 } = context;
  const upload: Upload = {
    fileName: file.fileName,
    mimeType: 'application/pdf',
    file: store.blobs.put(file.bytes),
    source: isV3 ? 'api_upload' : 'folder_consume',
    versionOf: file.versionOf ?? null,
    versionLabel: null,
    actor: user.id,
    overrides: {
      ...noOverrides(),
      title: file.title ?? like.title,
      created: like.created,
      correspondent: like.correspondent,
      documentType: like.documentType,
      storagePath: like.storagePath,
      tags: like.tags,
      asn: file.asn ?? null,
      owner: user.id,
    },
    shownOverrides: editOverrides(like, file, user.id),
    ...(file.onStored ? { onStored: file.onStored } : {}),
  };
  instance.consumer.accept(upload);
}

/** What the task row of an edit shows: nothing that names the document (paperless-api.md 8.1). */
function editOverrides(like: DocumentRow, file: NewFile, actor: number): Record<string, unknown> {
  const given = Object.entries({
    title: file.title ?? like.title,
    correspondent_id: like.correspondent,
    document_type_id: like.documentType,
    tag_ids: like.tags,
    storage_path_id: like.storagePath,
    created: like.created,
    asn: file.asn ?? null,
    owner_id: actor,
    view_users: like.permissions.view.users,
    view_groups: like.permissions.view.groups,
    change_users: like.permissions.change.users,
    change_groups: like.permissions.change.groups,
    custom_fields: {},
    skip_asn_if_exists: false,
    actor_id: actor,
  });
  return Object.fromEntries(given.filter(([, value]) => value !== null));
}

export function rotate(context: Context, rows: Rows, parameters: Parameters): void {
  if (!Number.isInteger(parameters.degrees)) throw refuse('invalid rotation degrees');
  for (const row of rows) replaceFile(context, row, 'rotated', pagesOf(context, row));
  if (!context.isV3) bumpLater(context.instance, rows);
}

const pagesOf = ({ store }: Context, row: DocumentRow): number => newestVersion(store, row).pageCount ?? 1;

function only(rows: Rows, what: string): DocumentRow {
  const [row] = rows;
  if (!row || rows.length > 1) throw refuse(`${what} method only supports one document`);
  return row;
}

export function deletePages(context: Context, rows: Rows, parameters: Parameters): void {
  if (!('pages' in parameters)) throw refuse('pages not specified');
  if (!Array.isArray(parameters.pages)) throw refuse('pages must be a list');
  if (!parameters.pages.every((page) => Number.isInteger(page))) throw refuse('pages must be a list of integers');
  const row = only(rows, 'Delete pages');
  replaceFile(context, row, 'pages_deleted', Math.max(1, pagesOf(context, row) - new Set(parameters.pages).size));
}

interface Operation {
  readonly page: number;
  readonly doc?: number;
}

export function editPdf(context: Context, rows: Rows, parameters: Parameters): void {
  const row = only(rows, 'Edit PDF');
  const operations = operationsOf(context, row, parameters.operations);
  const outputs = [...new Set(operations.map((operation) => operation.doc ?? 0))];
  if (parameters.update_document === true) {
    if (outputs.length > 1) throw refuse('update_document only allowed with a single output document');
    replaceFile(context, row, 'edited', operations.length);
    return;
  }
  for (const [at, output] of outputs.entries()) {
    const pages = operations.filter((operation) => (operation.doc ?? 0) === output).length;
    consume(context, row, {
      fileName: `${row.id}_edit_${at + 1}.pdf`,
      bytes: editedFile(context, [row], `edit ${at}`, pages),
    });
  }
}

function operationsOf(context: Context, row: DocumentRow, given: unknown): Operation[] {
  if (given === undefined) throw refuse('operations not specified');
  if (!Array.isArray(given)) throw refuse('operations must be a list');
  const pages = pagesOf(context, row);
  for (const operation of given as Operation[]) {
    if (!Number.isInteger(operation?.page)) throw refuse('page must be an integer');
    if (operation.page < 1 || operation.page > pages) {
      throw refuse(`Page ${operation.page} is out of bounds for document with ${pages} pages.`);
    }
  }
  return given as Operation[];
}

/** `1,2-3` makes two documents. */
export function splitDocument(context: Context, rows: Rows, parameters: Parameters): void {
  const row = only(rows, 'Split');
  if (!('pages' in parameters)) throw refuse('pages not specified');
  const parts = String(parameters.pages)
    .split(',')
    .map((part) => part.trim().split('-').map(Number));
  if (parts.flat().some((page) => !Number.isInteger(page))) throw refuse('invalid pages specified');
  for (const [at, [from = 1, to = from]] of parts.entries()) {
    const bytes = editedFile(context, [row], `split ${at}`, to - from + 1);
    consume(context, row, { fileName: `${row.id}_${from}-${to}.pdf`, bytes, title: `${row.title} (split ${at + 1})` });
  }
}

export function mergeDocuments(context: Context, rows: Rows, parameters: Parameters): void {
  const { store, isV3 } = context;
  const like = rows.find((row) => row.id === parameters.metadata_document_id) ?? rows[0];
  if (!like) return;
  const deletes = parameters.delete_originals === true;
  const pages = rows.reduce((sum, row) => sum + pagesOf(context, row), 0);
  // On v3 the number goes over to the merged document, on v2 it stays on the trashed one (paperless-api.md 8.2, 8.3).
  const asn = deletes && isV3 ? like.archiveSerialNumber : null;
  if (asn !== null) {
    like.archiveSerialNumber = null;
    store.saveDocument(like);
  }
  consume(context, like, {
    fileName: `${rows.map((row) => row.id).join('_')}_merged.pdf`,
    bytes: editedFile(context, rows, 'merge', pages),
    title: `${like.title} (merged)`,
    asn,
    ...(deletes ? { onStored: () => rows.forEach((row) => void trashDocument(store, row)) } : {}),
  });
}

export async function removePassword(context: Context, rows: Rows, parameters: Parameters): Promise<void> {
  const { store } = context;
  for (const row of rows) {
    const bytes = await store.blobs.read(newestVersion(store, row).file);
    if (!opensWith(bytes, String(parameters.password ?? ''))) {
      throw new HttpError(text('Error performing password removal, check logs for more detail.', 400));
    }
  }
  for (const row of rows) {
    const bytes = editedFile(context, [row], 'unlocked', pagesOf(context, row));
    if (parameters.update_document === true)
      consume(context, row, { fileName: `${row.id}_unprotected.pdf`, bytes, versionOf: row.id });
    else consume(context, row, { fileName: `${row.id}_unprotected.pdf`, bytes, title: `${row.title} (unprotected)` });
  }
}
