/**
 * PATCH of a document. All input is checked before anything is stored, but there is no transaction: a fault may stop the write
 * half way, as real instances have done (paperless-api.md 18, trap 26).
 */

import type { Context } from '../context.ts';
import { badRequest, insufficientPermissions, json, notFound, type Reply, serverError } from '../http/reply.ts';
import {
  booleanField,
  type Field,
  type Fields,
  idListField,
  type Input,
  integerField,
  invalid,
  optionalIdField,
  readInput,
  textField,
  nullable,
  idField,
} from '../rest/input.ts';
import { parseDate, parseDateTime } from '../rest/dates.ts';
import { applyPermissions, permissionsField } from '../rest/permission-input.ts';
import { isoDate } from '../state/clock.ts';
import type { DocumentRow } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import { replaceTags } from '../objects/tag-tree.ts';
import { canSee } from '../users/permissions.ts';
import { fireWorkflows } from '../workflows/fire.ts';
import { type GivenValue, readGivenValues } from './custom-values.ts';
import { putValue, reflectLinks, removeValue } from './links.ts';
import { serializeOptions } from './list.ts';
import { changeableDocument } from './lookup.ts';
import { documentJson, liveVersions, newestVersion } from './serialize.ts';

export const MAX_ASN = 4_294_967_295;
/** Where the column of PostgreSQL ends (engine-protocol.md F4). */
export const POSTGRES_MAX_ASN = 2_147_483_647;

export const createdField: Field<string> = (input) => {
  if (input === null) throw invalid('This field may not be null.');
  const moment = typeof input === 'string' && input.includes(':') ? parseDateTime(input) : null;
  const day = moment === null ? (typeof input === 'string' ? parseDate(input) : null) : isoDate(moment);
  if (day === null) throw invalid('Date has wrong format. Use one of these formats instead: YYYY-MM-DD.');
  return day;
};

function shape(context: Context, row: DocumentRow) {
  const { store, user } = context;
  const { correspondent, document_type, storage_path, tag } = store.matching;
  return {
    correspondent: optionalIdField((id) => correspondent.has(id)),
    document_type: optionalIdField((id) => document_type.has(id)),
    storage_path: optionalIdField((id) => storage_path.has(id)),
    title: textField({ max: 128 }),
    content: textField({ trim: liveVersions(store, row).length === 0 }),
    tags: idListField((id) => tag.has(id)),
    created: createdField,
    created_date: createdField,
    archive_serial_number: nullable(freeAsn(store, row)),
    owner: nullable(idField((id) => store.users.has(id))),
    set_permissions: permissionsField(store),
    custom_fields: (input) => readGivenValues(store, user, input),
    remove_inbox_tags: booleanField,
  } satisfies Fields;
}

const freeAsn =
  (store: Store, row: DocumentRow): Field<number> =>
  (input) => {
    const asn = integerField(0, MAX_ASN)(input);
    const holder = store.index.withAsn(asn);
    if (!holder || holder === row) return asn;
    throw invalid(
      holder.deletedAt === null
        ? 'document with this archive serial number already exists.'
        : 'Document with this Archive Serial Number already exists in the trash.',
    );
  };

const LISTS = ['tags'];
const NEEDED_BY_PUT = ['correspondent', 'document_type', 'storage_path', 'tags'];

/** PATCH and PUT of a document (paperless-api.md 7). */
export async function updateDocument(context: Context): Promise<Reply> {
  const { store } = context;
  const row = changeableDocument(context);
  const given = onlyFields(context, await context.input(LISTS));
  const fields = readInput(given, shape(context, row), context.method === 'PUT' ? NEEDED_BY_PUT : []);
  checkOwnership(context, row, fields, given);
  if (store.documents.get(row.id) !== row || row.deletedAt !== null) throw notFound('Document');
  if ('deleted_at' in given && typeof given.deleted_at === 'string') trashByHand(context, row, given.deleted_at);
  checkColumnRange(context, fields);
  apply(context, row, fields);
  if (!context.appliesPartly) fireWorkflows(context.instance, 'updated', row);
  return answer(context, row);
}

/** `?fields=` takes fields out of the input as well: such a PATCH changes nothing but `modified` (paperless-api.md 2.2). */
function onlyFields({ query }: Context, input: Record<string, unknown>): Record<string, unknown> {
  const wanted = query.given('fields')?.split(',');
  return wanted ? Object.fromEntries(Object.entries(input).filter(([name]) => wanted.includes(name))) : input;
}

type DocumentInput = Input<ReturnType<typeof shape>>;

function checkOwnership({ user }: Context, row: DocumentRow, fields: DocumentInput, given: object): void {
  if (user.isSuperuser || row.owner === null || row.owner === user.id) return;
  const ownerChanges = fields.owner !== undefined && fields.owner !== row.owner;
  if (ownerChanges || 'set_permissions' in given) throw insufficientPermissions();
}

function checkColumnRange({ instance }: Context, { archive_serial_number: asn }: DocumentInput): void {
  if (instance.options.db === 'postgres' && (asn ?? 0) > POSTGRES_MAX_ASN) throw serverError();
}

/** A plain model field nobody protected: it trashes the row alone and spoils the answer (paperless-api.md 7). */
function trashByHand(context: Context, row: DocumentRow, moment: string): void {
  const deletedAt = parseDateTime(moment);
  if (deletedAt === null) throw badRequest({ deleted_at: ['Datetime has wrong format.'] });
  row.deletedAt = deletedAt;
  context.store.saveDocument(row);
  throw context.isV3 ? serverError() : notFound('Document');
}

function apply(context: Context, row: DocumentRow, fields: DocumentInput): void {
  const { store } = context;
  if (fields.title !== undefined) row.title = fields.title;
  if (fields.content !== undefined) setContent(context, row, fields.content);
  if (fields.correspondent !== undefined) row.correspondent = fields.correspondent;
  if (context.appliesPartly) return (store.saveDocument(row), undefined);
  if (fields.document_type !== undefined) row.documentType = fields.document_type;
  if (fields.storage_path !== undefined) row.storagePath = fields.storage_path;
  const created = fields.created ?? fields.created_date;
  if (created !== undefined) row.created = created;
  if (fields.archive_serial_number !== undefined) row.archiveSerialNumber = fields.archive_serial_number;
  if (fields.owner !== undefined) row.owner = fields.owner;
  if (fields.set_permissions) applyPermissions(row.permissions, fields.set_permissions);
  setTags(store, row, fields);
  if (fields.custom_fields) replaceValues(store, row, fields.custom_fields);
  row.modified = store.clock.now();
  store.saveDocument(row);
}

function setContent({ store, query, isV3 }: Context, row: DocumentRow, content: string): void {
  const asked = isV3 ? query.given('version') : null;
  const version = asked === null ? newestVersion(store, row) : store.documents.get(Number(asked));
  if (!version || (version !== row && version.rootDocument !== row.id)) throw notFound();
  version.content = content;
  if (version !== row) store.saveDocument(version);
}

function setTags(store: Store, row: DocumentRow, { tags, remove_inbox_tags }: DocumentInput): void {
  let asked = tags && [...new Set(tags)];
  if (remove_inbox_tags) {
    const isOld = (id: number): boolean => row.tags.includes(id);
    const isInbox = (id: number): boolean => store.matching.tag.get(id)?.isInboxTag ?? false;
    asked = (asked ?? row.tags).filter((id) => !(isInbox(id) && isOld(id)));
  }
  if (asked) row.tags = replaceTags(store, row.tags, asked);
}

/** The list replaces the whole set; instances that stay keep their place in it. */
function replaceValues(store: Store, row: DocumentRow, given: readonly GivenValue[]): void {
  const kept = new Set(given.map(({ field }) => field.id));
  for (const { field } of [...row.customFields]) if (!kept.has(field)) removeValue(store, row, field);
  for (const { field, value } of given) {
    if (field.dataType === 'documentlink') reflectLinks(store, row, field.id, (value as number[] | null) ?? []);
    putValue(store, row, field.id, { [field.dataType]: value });
  }
}

function answer(context: Context, row: DocumentRow): Reply {
  // Whoever loses sight of the document by the change is told so on v2 although it is done (paperless-api.md 1.5).
  if (!context.isV3 && !canSee(context.user, row)) throw notFound('Document');
  const version = context.isV3
    ? context.store.documents.get(Number(context.query.given('version') ?? Number.NaN))
    : undefined;
  const options = { fullPermissions: true, withDuplicates: true, ...(version ? { version } : {}) };
  return json(documentJson(row, serializeOptions(context, options)));
}
