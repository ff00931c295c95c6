/**
 * Every shape that is read from an instance (paperless-api.md, section numbers below). Lenient for keys we do not use,
 * strict for those we do: what does not fit is `wrong_shape`, never an empty value.
 */
import { z } from 'zod';

const id = z.number().int().positive();
const ids = z.array(z.number().int());
/** Kept as the instance printed it: Date would cut the microseconds. */
export const rawTime = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$/);
const hash = z.string().regex(/^([0-9a-f]{32}|[0-9a-f]{64})$/i);
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);

const permissionSide = z.object({ users: ids, groups: ids });
export const permissions = z.object({ view: permissionSide, change: permissionSide });

/** 2.1; `all` only in API 9. */
export function pageOf<T extends z.ZodType>(row: T) {
  return z.object({ count: z.number().int().nonnegative(), results: z.array(row) });
}

export const census = z.object({ count: z.number().int().nonnegative(), all: z.array(id) });
export const idRow = z.object({ id });
export const feedRow = z.object({ id, modified: rawTime, added: rawTime });
export const addedRow = z.object({ id, added: rawTime });
export const documentRow = z.object({
  id,
  title: z.string(),
  created: day,
  added: rawTime,
  archive_serial_number: z.number().int().nullable(),
});
export const reservedRow = documentRow.omit({ created: true });

/** 9. The author is null once that user was deleted. */
export const note = z.object({
  id,
  note: z.string(),
  created: rawTime,
  user: z.object({ username: z.string() }).nullable(),
});
export const notes = z.array(note);

const version = z.object({
  id,
  added: rawTime,
  version_label: z.string().nullable(),
  checksum: hash,
  is_root: z.boolean(),
});
export const versions = z.object({ id, versions: z.array(version).nullish() });

/** For matching copies: who it is and which bytes, no text and no permissions. `versions` is missing on v2. */
export const identityRow = documentRow.extend({
  original_file_name: z.string().nullish(),
  versions: z.array(version).nullish(),
});

/** 2.7 in the full_perms form. `permissions` is missing where the token may not see them, `versions` on v2. */
export const document = z.object({
  id,
  title: z.string(),
  content: z.string(),
  created: day,
  modified: rawTime,
  added: rawTime,
  archive_serial_number: z.number().int().nullable(),
  correspondent: id.nullable(),
  document_type: id.nullable(),
  storage_path: id.nullable(),
  tags: ids,
  owner: z.number().int().nullable(),
  permissions: permissions.nullish(),
  custom_fields: z.array(z.object({ field: id, value: z.unknown() })),
  notes,
  original_file_name: z.string().nullable(),
  archived_file_name: z.string().nullish(),
  mime_type: z.string().nullish(),
  page_count: z.number().int().nullish(),
  versions: z.array(version).nullish(),
});
export const patchedDocument = z.object({ id, modified: rawTime });

/** 3.3 */
export const metadata = z.object({
  original_checksum: hash,
  original_size: z.number().int().nullish(),
  original_filename: z.string().nullish(),
});

/** 8.1 */
export const versionRoot = z.object({ root_id: id });
export const labelledVersion = z.object({ id, version_label: z.string().nullable() });
export const deletedVersion = z.object({ result: z.literal('OK') });

/** 12. Rows of versions are listed too on v3. */
export const trashRow = z.object({
  id,
  title: z.string(),
  added: rawTime,
  modified: rawTime,
  archive_serial_number: z.number().int().nullable(),
  original_file_name: z.string().nullish(),
  root_document: id.nullish(),
});
export const restored = z.object({ result: z.literal('OK'), doc_ids: ids });

/** 10.1. Tags are nested in `children` as well as listed flat; the nested copies are not looked at. */
export const taxonomyObject = z.object({
  id,
  name: z.string(),
  owner: z.number().int().nullish(),
  match: z.string(),
  matching_algorithm: z.number().int(),
  is_insensitive: z.boolean(),
  permissions: permissions.nullish(),
  color: z.string().nullish(),
  is_inbox_tag: z.boolean().nullish(),
  parent: id.nullish(),
  path: z.string().nullish(),
});

/** 10.5. The type is checked in the mapper, which can name the field. */
export const customField = z.object({ id, name: z.string(), data_type: z.string(), extra_data: z.unknown() });
export const selectData = z.object({ select_options: z.array(z.object({ id: z.string(), label: z.string() })) });
export const monetaryData = z.object({ default_currency: z.string().nullish() });

/** 11 */
export const user = z.object({ id, username: z.string() });
export const group = z.object({ id, name: z.string() });
export const uiSettings = z.object({
  user: z.object({ id, username: z.string(), is_superuser: z.boolean(), is_staff: z.boolean() }),
});

/** 4: the answer to an upload is the task's id as a JSON string. */
export const taskId = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i);

/** 6.1 and 6.3: API 9 of either generation; `related_document` is text on v2, a number on v3. */
export const task9 = z.object({
  id,
  task_id: z.string(),
  task_name: z.string().nullish(),
  task_file_name: z.string().nullish(),
  date_created: rawTime,
  date_done: rawTime.nullish(),
  status: z.string(),
  result: z.string().nullish(),
  related_document: z.union([z.number().int(), z.string()]).nullish(),
});

/** 6.2: API 10. */
export const task10 = z.object({
  id,
  task_id: z.string(),
  task_type: z.string(),
  status: z.string(),
  date_created: rawTime,
  date_started: rawTime.nullish(),
  date_done: rawTime.nullish(),
  input_data: z
    .object({
      filename: z.string().nullish(),
      overrides: z
        .object({
          title: z.string().nullish(),
          asn: z.number().int().nullish(),
          version_label: z.string().nullish(),
        })
        .nullish(),
    })
    .nullish(),
  result_data: z
    .object({
      document_id: z.number().int().nullish(),
      duplicate_of: z.number().int().nullish(),
      duplicate_in_trash: z.boolean().nullish(),
      reason: z.string().nullish(),
      error_message: z.string().nullish(),
    })
    .nullish(),
});

/** Whatever the generation: an upgrade may happen between the probe and the request, so the shape decides. */
export const taskRow = z.union([task10, task9]);

export type WireDocument = z.infer<typeof document>;
export type WireTaxonomy = z.infer<typeof taxonomyObject>;
export type WireCustomField = z.infer<typeof customField>;
export type WireTask9 = z.infer<typeof task9>;
export type WireTask10 = z.infer<typeof task10>;
export type WireNote = z.infer<typeof note>;
