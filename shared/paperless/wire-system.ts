/** Shapes of what is read for hygiene; as strict about what is used as wire.ts. */
import { z } from 'zod';

const id = z.number().int().positive();

export const ownRights = z.object({
  user: z.object({ username: z.string(), is_superuser: z.boolean(), is_staff: z.boolean() }),
  settings: z.object({ trash_delay: z.number().nullish() }),
  permissions: z.array(z.string()),
});

/** The fields of an action differ between versions: they are told apart by their names. */
const action = z.looseObject({ type: z.number().int() });
export type WorkflowAction = z.output<typeof action>;
export const workflow = z.object({ id, name: z.string(), enabled: z.boolean(), actions: z.array(action) });

export const mailRule = z.object({ id, name: z.string(), enabled: z.boolean() });

const configRow = z.object({
  mode: z.string().nullish(),
  archive_file_generation: z.string().nullish(),
  skip_archive_file: z.string().nullish(),
  barcodes_enabled: z.boolean().nullable(),
  barcode_enable_asn: z.boolean().nullable(),
  barcode_enable_tag: z.boolean().nullable(),
});
/** One object in an array, which paperless makes by itself. */
export const config = z.tuple([configRow]);

const state = z.string();
export const status = z.object({
  storage: z.object({ total: z.number(), available: z.number() }),
  database: z.object({ status: state }),
  tasks: z.object({ redis_status: state, celery_status: state }),
});
