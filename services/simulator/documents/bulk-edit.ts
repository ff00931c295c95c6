/**
 * One endpoint with many methods, and on v3 a path of its own for some of them. Who may call a method depends on whether it
 * needs ownership or the right to change (paperless-api.md, appendix B).
 */

import type { Context } from '../context.ts';
import { badRequest, forbiddenText, json, notFound, type Reply } from '../http/reply.ts';
import { Query } from '../http/query.ts';
import { choiceField, readInput } from '../rest/input.ts';
import { isListed } from '../state/document-index.ts';
import type { DocumentRow } from '../state/model.ts';
import { canChange, owns } from '../users/permissions.ts';
import { modifyCustomFields, modifyTags, setPermissions, setReference, addTag, removeTag } from './bulk-changes.ts';
import { findDocuments } from './list.ts';
import { deletePages, editPdf, mergeDocuments, removePassword, rotate, splitDocument } from './pdf-edits.ts';
import { reprocess } from './reprocess.ts';
import { trashDocument } from './trash.ts';

export type Parameters = Readonly<Record<string, unknown>>;

type Change = (context: Context, rows: readonly DocumentRow[], parameters: Parameters) => void | Promise<void>;

interface Method {
  readonly change: Change;
  /** Needs ownership of every document, not only the right to change it (paperless-api.md, appendix B). */
  readonly ownership: boolean;
  readonly onlyV3?: boolean;
}

const change = (apply: Change): Method => ({ change: apply, ownership: false });
const owned = (apply: Change): Method => ({ change: apply, ownership: true });

const METHODS: Readonly<Record<string, Method>> = {
  set_correspondent: change((context, rows, parameters) => setReference(context, rows, 'correspondent', parameters)),
  set_document_type: change((context, rows, parameters) => setReference(context, rows, 'document_type', parameters)),
  set_storage_path: change((context, rows, parameters) => setReference(context, rows, 'storage_path', parameters)),
  add_tag: change(addTag),
  remove_tag: change(removeTag),
  modify_tags: change(modifyTags),
  modify_custom_fields: change(modifyCustomFields),
  set_permissions: owned(setPermissions),
  delete: owned(({ store }, rows) => rows.forEach((row) => void trashDocument(store, row))),
  reprocess: change(reprocess),
  rotate: owned(rotate),
  delete_pages: owned(deletePages),
  edit_pdf: owned(editPdf),
  merge: change(mergeDocuments),
  split: change(splitDocument),
  remove_password: { ...owned(removePassword), onlyV3: true },
};

/** POST /api/documents/bulk_edit/: the change is made at once, `modified` moves in the background (paperless-api.md 15). */
export async function bulkEdit(context: Context): Promise<Reply> {
  const input = await context.input();
  const names = Object.keys(METHODS).filter((name) => context.isV3 || !METHODS[name]?.onlyV3);
  const { method } = readInput(input, { method: choiceField(names) }, ['method']);
  return apply(context, METHODS[method ?? ''] as Method, input, (input.parameters ?? {}) as Parameters);
}

/** The endpoints of 3.x that have their parameters beside the documents. */
export const dedicated =
  (name: string) =>
  async (context: Context): Promise<Reply> => {
    if (!context.isV3) throw notFound();
    const input = await context.input();
    return apply(context, METHODS[name] as Method, input, input);
  };

async function apply(context: Context, method: Method, input: Parameters, parameters: Parameters): Promise<Reply> {
  const rows = documentsOf(context, input);
  checkRights(context, rows, method.ownership);
  await method.change(context, rows, parameters);
  return json({ result: 'OK' });
}

export function documentsOf(context: Context, input: Parameters): DocumentRow[] {
  if (context.isV3 && input.all === true) return everythingThatMatches(context, input.filters);
  const given = input.documents;
  if (!Array.isArray(given)) throw badRequest({ documents: ['This field is required.'] });
  const rows = given.map((id) => context.store.documents.get(Number(id)));
  const known = rows.filter((row) => row !== undefined && isListed(row)) as DocumentRow[];
  if (known.length !== given.length || new Set(given).size !== given.length) {
    throw badRequest({ documents: ["Some documents in documents don't exist or were specified twice."] });
  }
  return known;
}

function everythingThatMatches(context: Context, filters: unknown): DocumentRow[] {
  const search = new URLSearchParams((filters ?? {}) as Record<string, string>).toString();
  return [...findDocuments(context.withQuery(new Query(search)))];
}

function checkRights(context: Context, rows: readonly DocumentRow[], ownership: boolean): void {
  const { user } = context;
  if (user.isSuperuser) return;
  const allowed = rows.every((row) => (ownership ? owns(user, row) : canChange(user, row)));
  if (!allowed || !context.may('change_document')) throw forbiddenText();
}
