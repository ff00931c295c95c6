/** Everything that comes in passes here: addresses and queries are refused with 400, values of a body with 422. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { AppError } from '../../shared/kernel/errors.ts';
import { malformed } from './http-error.ts';

/** PostgreSQL's text cannot hold NUL. */
export const text = (max: number) =>
  z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0'), 'must not contain NUL');

/** 15 digits stay exact in a double, and below PostgreSQL's bigint. */
export const id = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a whole number')
  .transform(Number)
  .openapi({ type: 'integer', minimum: 0, maximum: 999_999_999_999_999 });

export const pageSize = (standard: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(1).max(max))
    .default(standard)
    .openapi({ type: 'integer', minimum: 1, maximum: max, default: standard });

/** As in `?sweep=1`. */
export const flag = z.enum(['0', '1', 'true', 'false']).transform((value) => value === '1' || value === 'true');

export const instant = z.iso.datetime({ offset: true }).transform((value) => new Date(value));

/** For pages; paths of the API name their query in their operation. */
export function queryOf<S extends z.ZodType>(c: Context, schema: S): z.output<S> {
  const given = c.req.queries();
  const repeated = Object.keys(given).find((name) => (given[name]?.length ?? 0) > 1);
  if (repeated !== undefined) throw malformed(`The parameter "${repeated}" is given more than once.`);
  const result = schema.safeParse(c.req.query());
  if (!result.success) throw malformed('A parameter of the address is not valid.', issueTexts(result.error));
  return result.data;
}

export function idOf(c: Context, name = 'id'): number {
  const result = id.safeParse(c.req.param(name));
  if (!result.success) throw malformed('The id in the address is not a number.', { [name]: 'must be a whole number' });
  return result.data;
}

export const idParam = z.object({ id });

export function validationFailed(fields: Record<string, string>): AppError {
  return new AppError({
    code: 'validation_failed',
    class: 'invalid',
    message: 'Some values are not valid.',
    hint: 'Mend the fields that are named.',
    fields,
  });
}

/** One text a field; it never repeats the value, which may be a token. */
export function issueTexts(error: z.ZodError): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const issue of error.issues) {
    if (issue.code === 'unrecognized_keys') for (const key of issue.keys) texts[key] ??= 'is not known here';
    else texts[issue.path.join('.') || 'body'] ??= isMissing(issue) ? 'is missing' : issue.message;
  }
  return texts;
}

function isMissing(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
}

/** For the next page, by the id of the last row; null when this was the last one. */
export function cursorAfter(rows: readonly { readonly id: number }[], limit: number): string | null {
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return last === undefined ? null : String(last.id);
}
