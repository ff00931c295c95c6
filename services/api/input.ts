/** Everything that comes in passes here: addresses and queries are refused with 400, values of a body with 422. */
import type { Context } from 'hono';
import { z } from 'zod';
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
  .transform(Number);

export const pageSize = (standard: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(1).max(max))
    .default(standard);

/** As in `?sweep=1`. */
export const flag = z.enum(['0', '1', 'true', 'false']).transform((value) => value === '1' || value === 'true');

export const instant = z.iso.datetime({ offset: true }).transform((value) => new Date(value));

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

export async function bodyOf<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  // A form of a foreign page can send text/plain without asking; it cannot send this (S2).
  if (!/^application\/json\b/i.test(c.req.header('content-type') ?? ''))
    throw malformed('The body must be JSON (Content-Type: application/json).');
  let body: unknown;
  try {
    body = await c.req.json();
  } catch (error) {
    if (error instanceof SyntaxError) throw malformed('The body is not valid JSON.');
    throw error;
  }
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new AppError({
    code: 'validation_failed',
    class: 'invalid',
    message: 'Some values are not valid.',
    hint: 'Mend the fields that are named.',
    fields: issueTexts(result.error),
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
