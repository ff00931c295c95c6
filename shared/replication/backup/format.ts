/**
 * The file of a backup: lines of JSON, packed by gzip. A header; for each table its name and columns, then a row a line as
 * an array of texts; at the end the number of rows and the SHA-256 of all lines before. Whoever reads it needs no other tool.
 */
import { z } from 'zod';

export const FORMAT = 'pngx-controller backup';
export const FORMAT_VERSION = 1;

const name = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/);

export const headerLine = z.object({
  format: z.literal(FORMAT),
  version: z.int(),
  app: z.string(),
  made_at: z.iso.datetime(),
  /** Applied migrations: the schema that the rows fit. */
  schema: z.array(z.string().max(200)).min(1),
  /** Sealed with the SECRET_KEY that the tokens inside are sealed with. */
  key_canary: z.string(),
  digest: z.string(),
  tables: z.array(z.object({ name, rows: z.int().min(0) })),
  sequences: z.record(name, z.int().min(0)),
});
export type Header = z.output<typeof headerLine>;

export const tableLine = z.object({ table: name, columns: z.array(name).min(1) });
export type TableLine = z.output<typeof tableLine>;

export const endLine = z.object({ end: z.literal(true), rows: z.int().min(0), sha256: z.string() });
export type EndLine = z.output<typeof endLine>;

export const rowLine = z.array(z.string().nullable());
