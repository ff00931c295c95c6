import { z } from 'zod';

/** `YYYY-MM-DDTHH:MM:SS[.ffffff]` with Z or an offset (paperless-api.md 2.6). */
export const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$/);
const id = z.number().int();
const isoDate = z.string().regex(/^\d{4}-\d\d-\d\d$/);

export const permissionsShape = z.strictObject({
  view: z.strictObject({ users: z.array(id), groups: z.array(id) }),
  change: z.strictObject({ users: z.array(id), groups: z.array(id) }),
});

export const noteShape = z.strictObject({
  id,
  note: z.string(),
  created: instant,
  user: z.strictObject({ id, username: z.string(), first_name: z.string(), last_name: z.string() }).nullable(),
});
export type Note = z.output<typeof noteShape>;

const fieldValueShape = z.strictObject({ value: z.unknown(), field: id });

export const versionShape = z.strictObject({
  id,
  added: instant,
  version_label: z.string().nullable(),
  checksum: z.string().regex(/^[0-9a-f]{64}$/),
  is_root: z.boolean(),
});

const commonDocument = {
  id,
  correspondent: id.nullable(),
  document_type: id.nullable(),
  storage_path: id.nullable(),
  title: z.string(),
  content: z.string(),
  tags: z.array(id),
  created: isoDate,
  created_date: isoDate,
  modified: instant,
  added: instant,
  deleted_at: instant.nullable(),
  archive_serial_number: z.number().int().nullable(),
  original_file_name: z.string().nullable(),
  archived_file_name: z.string().nullable(),
  owner: id.nullable(),
  notes: z.array(noteShape),
  custom_fields: z.array(fieldValueShape),
  page_count: z.number().int().nullable(),
  mime_type: z.string(),
};
const ownVersions = {
  duplicate_documents: z.array(z.strictObject({ id, title: z.string(), deleted_at: instant.nullable() })),
  root_document: id.nullable(),
  versions: z.array(versionShape),
};
const shortRights = { user_can_change: z.boolean(), is_shared_by_requester: z.boolean() };

/** The members of a document, no more and no less, by generation and by `full_perms` (paperless-api.md 2.7). */
export const documentShapes = {
  2: {
    plain: z.strictObject({ ...commonDocument, ...shortRights }),
    fullPerms: z.strictObject({ ...commonDocument, permissions: permissionsShape }),
  },
  3: {
    plain: z.strictObject({ ...commonDocument, ...ownVersions, ...shortRights }),
    fullPerms: z.strictObject({ ...commonDocument, ...ownVersions, permissions: permissionsShape }),
  },
};

/** What most tests read of a document; only `?full_perms=true` and writes carry the permissions. */
export const documentRead = z.looseObject({
  ...commonDocument,
  permissions: permissionsShape.optional(),
  versions: z.array(versionShape).optional(),
  duplicate_documents: ownVersions.duplicate_documents.optional(),
});
export type Doc = z.output<typeof documentRead>;

/** A page of documents asked with `fields=...`: only what was asked for is there. */
export const rowRead = documentRead.partial().extend({ id });
export type Row = z.output<typeof rowRead>;

export function pageOf<T extends z.ZodType>(row: T) {
  return z.looseObject({
    count: z.number().int(),
    next: z.string().nullable(),
    previous: z.string().nullable(),
    all: z.array(id).optional(),
    results: z.array(row),
  });
}

/** A task row as version 9 shows it in both generations: the outline is the same, ids are text in 2.x. */
export const taskRow = z.looseObject({
  id,
  task_id: z.string(),
  task_name: z.string().nullable(),
  task_file_name: z.string().nullable(),
  status: z.string(),
  result: z.string().nullable(),
  related_document: z.union([z.string(), z.number()]).nullable(),
  acknowledged: z.boolean(),
  date_created: instant,
});
export type TaskRow = z.output<typeof taskRow>;

export const objectRead = z.looseObject({ id, name: z.string() });
export type Obj = z.output<typeof objectRead>;
