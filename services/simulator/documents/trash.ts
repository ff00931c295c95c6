/**
 * The trash keeps everything a document had, checksum and ASN included: both still bar uploads (paperless-api.md 12).
 */

import type { Context } from '../context.ts';
import { badRequest, forbiddenText, json, noContent, type Reply, serverError } from '../http/reply.ts';
import { choiceField, readInput } from '../rest/input.ts';
import { compareText } from '../rest/lookups.ts';
import { paginate } from '../rest/pagination.ts';
import type { DocumentRow } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import { owns } from '../users/permissions.ts';
import { serializeOptions } from './list.ts';
import { deletableDocument } from './lookup.ts';
import { touch } from './links.ts';
import { documentJson, liveVersions } from './serialize.ts';

/** DELETE of a document: it keeps everything and goes to the trash, with its versions (paperless-api.md 12). */
export function deleteDocument(context: Context): Reply {
  trashDocument(context.store, deletableDocument(context));
  return noContent();
}

export function trashDocument(store: Store, row: DocumentRow): void {
  const deletion = store.takeDeletion();
  for (const each of [...liveVersions(store, row), row]) {
    each.deletedAt = store.clock.now();
    each.deletion = deletion;
    store.saveDocument(each);
  }
}

function trashedRows({ store, user }: Context): DocumentRow[] {
  return store.documents
    .filter((row) => row.deletedAt !== null && owns(user, row))
    .sort((a, b) => compareText(b.created, a.created) || b.id - a.id);
}

export function listTrash(context: Context): Reply {
  const rows = trashedRows(context);
  const { rows: page, envelope } = paginate(rows, context.page);
  const options = serializeOptions(context, { fromTrash: true, fields: null, fullPermissions: false });
  return json(
    envelope(
      page.map((row) => documentJson(row, options)),
      () => rows.map((row) => row.id),
    ),
  );
}

export async function changeTrash(context: Context): Promise<Reply> {
  const { store, user } = context;
  const input = await context.input();
  const { action } = readInput(input, { action: choiceField(['restore', 'empty'] as const) }, ['action']);
  const ids = idsOf(input);
  const rows = ids?.map((id) => store.documents.get(id));
  if (rows?.some((row) => !row || row.deletedAt === null)) {
    throw badRequest({ documents: ['Some documents in the list have not yet been deleted.'] });
  }
  if (action === 'restore' && rows === undefined) throw serverError();
  const chosen = (rows as DocumentRow[] | undefined) ?? trashedRows(context);
  if (!chosen.every((row) => owns(user, row))) throw forbiddenText();
  for (const row of chosen) {
    if (action === 'restore') restore(store, row);
    else purge(store, row);
  }
  return json({ result: 'OK', doc_ids: chosen.map((row) => row.id) });
}

function idsOf(input: Record<string, unknown>): number[] | undefined {
  const { documents } = input;
  if (documents === undefined) return undefined;
  if (!Array.isArray(documents)) throw badRequest({ documents: ['Expected a list of items but got type "str".'] });
  return documents.map(Number);
}

/** A root brings back the versions that were trashed with it; a version comes back alone and bumps nothing of the root. */
function restore(store: Store, row: DocumentRow): void {
  const together = store.index.versionsOf(row.id).filter((version) => version.deletion === row.deletion);
  for (const each of [row, ...together]) {
    each.deletedAt = null;
    each.deletion = null;
    touch(store, each);
  }
}

/** The row is gone for good; links of other documents keep naming it (paperless-api.md 12). */
export function purge(store: Store, row: DocumentRow): void {
  for (const version of store.index.versionsOf(row.id)) purge(store, version);
  store.removeDocument(row);
  void store.blobs.remove(row.file);
  if (row.archive) void store.blobs.remove(row.archive);
}
