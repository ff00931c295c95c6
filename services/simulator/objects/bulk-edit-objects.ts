import type { Context } from '../context.ts';
import { badRequest, forbiddenText, json, type Reply } from '../http/reply.ts';
import { booleanField, choiceField, idField, nullable, readInput } from '../rest/input.ts';
import { applyPermissions, permissionsField } from '../rest/permission-input.ts';
import { type MatchingObject, noPermissions } from '../state/model.ts';
import { canChange, owns } from '../users/permissions.ts';
import { OBJECT_KINDS, type ObjectKind } from './kinds.ts';

const TYPES = ['tags', 'correspondents', 'document_types', 'storage_paths'] as const;

/** POST /api/bulk_edit_objects/ (paperless-api.md 15). */
export async function bulkEditObjects(context: Context): Promise<Reply> {
  const { store } = context;
  const input = await context.input();
  const shape = {
    object_type: choiceField(TYPES),
    operation: choiceField(['set_permissions', 'delete'] as const),
    owner: nullable(idField((id) => store.users.has(id))),
    permissions: permissionsField(store),
    merge: booleanField,
  };
  const values = readInput(input, shape, ['object_type', 'operation', 'objects']);
  const kind = OBJECT_KINDS.find((candidate) => candidate.path === `${values.object_type}/`) as ObjectKind;
  const rows = objectsOf(context, kind, input.objects);
  checkRights(context, kind, rows, values.operation ?? 'delete');
  for (const row of rows) {
    if (values.operation === 'delete') kind.remove(context, row);
    else setPermissions(context, kind, row, values);
  }
  return json({ result: 'OK' });
}

function objectsOf({ store, isV3 }: Context, kind: ObjectKind, given: unknown): MatchingObject[] {
  if (!Array.isArray(given)) throw badRequest({ objects: ['This field is required.'] });
  if (given.length === 0) {
    throw badRequest(
      isV3 ? { non_field_errors: ['objects must not be empty'] } : { objects: ['This list may not be empty.'] },
    );
  }
  const rows = given.map((id) => store.matching[kind.kind].get(Number(id)));
  if (rows.includes(undefined) || new Set(given).size !== given.length) {
    throw badRequest({ non_field_errors: ["Some ids in objects don't exist or were specified twice."] });
  }
  return rows as MatchingObject[];
}

function checkRights(context: Context, kind: ObjectKind, rows: readonly MatchingObject[], operation: string): void {
  const { user, isV3 } = context;
  if (user.isSuperuser) return;
  const may = context.may(`${operation === 'delete' ? 'delete' : 'change'}_${kind.model}`);
  if (!may || !rows.every((row) => (isV3 ? canChange(user, row) : owns(user, row)))) throw forbiddenText();
}

interface PermissionChange {
  owner?: number | null;
  permissions?: Parameters<typeof applyPermissions>[1];
  merge?: boolean;
}

/** Without an owner in the call the owner stays, unlike in the bulk edit of documents. */
function setPermissions({ store }: Context, kind: ObjectKind, row: MatchingObject, change: PermissionChange): void {
  const merge = change.merge ?? false;
  if (change.owner !== undefined && !(merge && row.owner !== null)) row.owner = change.owner;
  if (change.permissions) {
    if (!merge) row.permissions = noPermissions();
    applyPermissions(row.permissions, change.permissions, merge);
  }
  store.matching[kind.kind].save(row);
}
