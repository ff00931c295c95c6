import type { Context } from '../context.ts';
import { badRequest, forbiddenText, json, notFound, type Reply } from '../http/reply.ts';
import { choiceField, readInput } from '../rest/input.ts';
import { isListed } from '../state/document-index.ts';
import type { DocumentRow } from '../state/model.ts';
import { bumpLater } from '../tasks/background.ts';
import { canChange, owns } from '../users/permissions.ts';
import { trashDocument } from './trash.ts';

const METHODS = ['set_correspondent', 'set_document_type', 'set_storage_path', 'delete'] as const;

type Method = (typeof METHODS)[number];

const OWNERSHIP: readonly Method[] = ['delete'];

/** POST /api/documents/bulk_edit/: the change is made at once, `modified` moves in the background (paperless-api.md 15). */
export async function bulkEdit(context: Context): Promise<Reply> {
  const input = await context.input();
  const { method } = readInput(input, { method: choiceField(METHODS) }, ['method']);
  const rows = documentsOf(context, input.documents);
  const chosen = method as Method;
  checkRights(context, rows, OWNERSHIP.includes(chosen));
  const parameters = (input.parameters ?? {}) as Record<string, unknown>;
  if (chosen === 'delete') for (const row of rows) trashDocument(context.store, row);
  else setReference(context, rows, chosen, parameters);
  return json({ result: 'OK' });
}

/** The endpoint of 3.x for the same deletion. */
export async function deleteMany(context: Context): Promise<Reply> {
  if (!context.isV3) throw notFound();
  const rows = documentsOf(context, (await context.input()).documents);
  checkRights(context, rows, true);
  for (const row of rows) trashDocument(context.store, row);
  return json({ result: 'OK' });
}

function documentsOf({ store }: Context, given: unknown): DocumentRow[] {
  if (!Array.isArray(given)) throw badRequest({ documents: ['This field is required.'] });
  const rows = given.map((id) => store.documents.get(Number(id))).filter((row) => row !== undefined && isListed(row));
  if (rows.length !== given.length || new Set(given).size !== given.length) {
    throw badRequest({ documents: ["Some documents in documents don't exist or were specified twice."] });
  }
  return rows as DocumentRow[];
}

function checkRights(context: Context, rows: readonly DocumentRow[], ownership: boolean): void {
  const { user } = context;
  if (user.isSuperuser) return;
  const allowed = rows.every((row) => (ownership ? owns(user, row) : canChange(user, row)));
  if (!allowed || !context.may('change_document')) throw forbiddenText();
}

const REFERENCES = {
  set_correspondent: { name: 'correspondent', key: 'correspondent', kind: 'correspondent', label: 'Correspondent' },
  set_document_type: { name: 'document_type', key: 'documentType', kind: 'document_type', label: 'Document type' },
  set_storage_path: { name: 'storage_path', key: 'storagePath', kind: 'storage_path', label: 'Storage path' },
} as const;

function setReference(context: Context, rows: readonly DocumentRow[], method: Exclude<Method, 'delete'>, parameters: Record<string, unknown>): void {
  const { store } = context;
  const { name, key, kind, label } = REFERENCES[method];
  if (!(name in parameters)) throw badRequest({ non_field_errors: [`${name} not specified`] });
  const id = parameters[name] === null ? null : Number(parameters[name]);
  if (id !== null && !store.matching[kind].has(id)) throw badRequest({ non_field_errors: [`${label} does not exist`] });
  const changed = rows.filter((row) => row[key] !== id);
  for (const row of changed) {
    row[key] = id;
    store.saveDocument(row);
  }
  bumpLater(context.instance, changed);
}
