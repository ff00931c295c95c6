/**
 * How a path of the API is told, once: what it takes and what it answers are zod schemas that parse the one, describe the
 * other, and make the document at /api/openapi.json.
 */
import { createRoute, OpenAPIHono, z, type RouteConfig } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { GateVariables } from './gate/visitor.ts';
import { malformed } from './http-error.ts';
import { issueTexts, validationFailed } from './input.ts';

export type Routes = OpenAPIHono<GateVariables>;
export const newRoutes = (): Routes => new OpenAPIHono<GateVariables>({ defaultHook: refuse });

/** Of every error: product.md section 5. */
export const problem = z
  .strictObject({
    error: z.strictObject({
      code: z.string().meta({ description: 'One of docs/error-codes.md; the messages may change, this does not.' }),
      message: z.string(),
      hint: z.string().nullable().optional().meta({ description: 'What to do about it.' }),
      fields: z.record(z.string(), z.string()).optional().meta({ description: 'What is wrong with which field.' }),
    }),
  })
  .openapi('Problem');

const PROBLEMS = {
  400: 'The address or the body is malformed.',
  401: 'Who asks is not known.',
  403: 'Who asks may not do this.',
  404: 'There is no such thing.',
  409: 'It cannot be done in the state that things are in.',
  413: 'The body is too large.',
  422: 'A value is not valid, or an instance does not answer as it should.',
  429: 'Too often; Retry-After says when to come again.',
  500: 'A fault of the controller; the log has the reason at the id of the request.',
  503: 'The database or the queue of the controller is away; the same request may succeed in a moment.',
} as const;
type ProblemStatus = keyof typeof PROBLEMS;

/** What an instance that is asked while the caller waits can answer with. */
export const ASKS_INSTANCES = [422, 429] as const;

interface Described extends RouteConfig {
  readonly operationId: string;
  readonly summary: string;
  /** Errors besides those that follow from what it takes. */
  readonly problems?: readonly ProblemStatus[];
}

export function operation<const R extends Described>(wanted: R): R {
  const { problems = [], ...route }: Described = wanted;
  const { params, query, body } = route.request ?? {};
  const changes = route.method !== 'get';
  const statuses = new Set<ProblemStatus>([401, 403, 500, 503, ...problems]);
  if (params !== undefined || query !== undefined || body !== undefined) statuses.add(400);
  if (params !== undefined) statuses.add(404);
  if (body !== undefined) statuses.add(422);
  if (changes) statuses.add(413);
  const described = Object.fromEntries([...statuses].map((status) => [status, answer(PROBLEMS[status], problem)]));
  // Errors are thrown, and have one shape: handlers are only held to what they answer themselves.
  return createRoute({ ...route, responses: { ...described, ...route.responses } }) as unknown as R;
}

export function answer<S extends z.ZodType>(description: string, schema: S) {
  return { description, content: { 'application/json': { schema } } };
}

export function csvAnswer(description: string) {
  return { description, content: { 'text/csv': { schema: z.string() } } };
}

export function answerOrCsv<S extends z.ZodType>(description: string, schema: S) {
  return { description, content: { 'application/json': { schema }, 'text/csv': { schema: z.string() } } };
}

/** Server-sent events. */
export function eventStream(description: string) {
  return { description, content: { 'text/event-stream': { schema: z.string() } } };
}

export function jsonBody<S extends z.ZodType>(schema: S) {
  return { required: true, content: { 'application/json': { schema } } } as const;
}

type Parsed = { readonly target: string } & (
  | { readonly success: true }
  | { readonly success: false; readonly error: z.ZodError }
);

/** Addresses and queries are refused with 400, values of a body with 422. */
function refuse(result: Parsed, c: Context): undefined {
  if (result.success) return;
  const fields = issueTexts(result.error);
  if (result.target === 'json') throw validationFailed(fields);
  if (result.target === 'param') throw malformed('A part of the address is not valid.', fields);
  const given = c.req.queries();
  const repeated = Object.keys(given).find((name) => (given[name]?.length ?? 0) > 1);
  if (repeated !== undefined) throw malformed(`The parameter "${repeated}" is given more than once.`, fields);
  throw malformed('A parameter of the address is not valid.', fields);
}
