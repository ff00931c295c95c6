import { z } from 'zod';

/** What the demo reads from an instance (paperless-api.md 2.7, 9, 10, 11), and nothing more. */
const access = z.object({ users: z.array(z.number()), groups: z.array(z.number()) });
export const permissionsWire = z.object({ view: access, change: access });
export type PermissionsWire = z.output<typeof permissionsWire>;

export const noteWire = z.object({
  id: z.number(),
  note: z.string(),
  created: z.string(),
  user: z.object({ username: z.string() }).nullable(),
});
export type NoteWire = z.output<typeof noteWire>;

export const customValueWire = z.object({ field: z.number(), value: z.unknown() });

/** Only on v3, newest first, the document itself among them (paperless-api.md 2.7). */
const versionWire = z.object({
  id: z.number(),
  version_label: z.string().nullable(),
  checksum: z.string(),
  is_root: z.boolean(),
});

export const documentWire = z.object({
  id: z.number(),
  title: z.string(),
  content: z.string(),
  created: z.string(),
  archive_serial_number: z.number().nullable(),
  correspondent: z.number().nullable(),
  document_type: z.number().nullable(),
  storage_path: z.number().nullable(),
  tags: z.array(z.number()),
  owner: z.number().nullable(),
  permissions: permissionsWire,
  custom_fields: z.array(customValueWire),
  notes: z.array(noteWire),
  original_file_name: z.string().nullable(),
  archived_file_name: z.string().nullable(),
  mime_type: z.string().nullable(),
  page_count: z.number().nullable(),
  versions: z.array(versionWire).default([]),
});
export type DocumentWire = z.output<typeof documentWire>;

export const objectWire = z.object({
  id: z.number(),
  name: z.string(),
  owner: z.number().nullable(),
  permissions: permissionsWire.optional(),
  match: z.string(),
  matching_algorithm: z.number(),
  is_insensitive: z.boolean(),
  color: z.string().optional(),
  is_inbox_tag: z.boolean().optional(),
  parent: z.number().nullable().optional(),
  path: z.string().optional(),
});
export type ObjectWire = z.output<typeof objectWire>;

const extraData = z.object({
  select_options: z.array(z.object({ id: z.string().nullish(), label: z.string() })).nullish(),
  default_currency: z.string().nullish(),
});
export const fieldWire = z.object({
  id: z.number(),
  name: z.string(),
  data_type: z.string(),
  extra_data: extraData.nullish(),
});
export type FieldWire = z.output<typeof fieldWire>;

export const userWire = z.object({ id: z.number(), username: z.string() });
export const groupWire = z.object({ id: z.number(), name: z.string() });
export const selfWire = z.object({
  user: z.object({ id: z.number(), username: z.string(), is_superuser: z.boolean() }),
});
export const tokenWire = z.object({ token: z.string() });

/** v2 and v3 alike in API version 9, but for the type of the document id (paperless-api.md 6.1, 6.3). */
export const taskWire = z.object({
  status: z.string(),
  result: z.string().nullable(),
  related_document: z.union([z.number(), z.string()]).nullable(),
});

export const page = <S extends z.ZodType>(row: S) => z.object({ count: z.number(), results: z.array(row) });
