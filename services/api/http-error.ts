/** Every error as people and programs get it: `{"error": {code, message, hint, fields?}}` (product.md section 5). */
import type { Context } from 'hono';
import { AppError, toAppError, type ErrorClass } from '../../shared/kernel/errors.ts';

type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 429 | 500 | 503;

const STATUS_BY_CLASS: Partial<Record<ErrorClass, ErrorStatus>> = {
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  'unsupported-type': 415,
  invalid: 422,
  config: 422,
  'rate-limited': 429,
  permission: 403,
};
/**
 * An instance that does not answer as it should, asked while the caller waits (a dry run): no fault of this program, and
 * the caller is told which one. A connection test reports the same as a failed step.
 */
const OF_INSTANCES: readonly ErrorClass[] = ['auth', 'permission', 'incompatible', 'not-an-api', 'transient'];
/** Who asks is not known, or not as claimed: ours to say, unlike the `auth` of an instance. */
const UNKNOWN_VISITOR = new Set(['not_authenticated', 'login_failed', 'setup_code_wrong']);
const MALFORMED = 'malformed_request';

export function malformed(message: string, fields?: Readonly<Record<string, string>>): AppError {
  return new AppError({
    code: MALFORMED,
    class: 'invalid',
    message,
    fields,
    hint: 'Mend the request and send it again.',
  });
}

export function notFound(what: string, code = 'not_found'): AppError {
  return new AppError({ code, class: 'not-found', message: `${what} does not exist.` });
}

export function statusOf(error: AppError): ErrorStatus {
  if (error.code === MALFORMED) return 400;
  if (UNKNOWN_VISITOR.has(error.code)) return 401;
  if (error.code === 'connection_lost') return 503;
  // Only a client of an instance names whose fault it was.
  if (error.target !== undefined && OF_INSTANCES.includes(error.class)) return 422;
  return STATUS_BY_CLASS[error.class] ?? 500;
}

/** What went wrong inside is for the log; a caller gets the request's id to find it there. */
export function errorResponse(c: Context, thrown: unknown, requestId: string): Response {
  const error = toAppError(thrown);
  const status = statusOf(error);
  if (status === 401) c.header('WWW-Authenticate', 'Bearer realm="pngx-controller"');
  if (status === 429 && error.retryAfterMs !== undefined)
    c.header('Retry-After', String(Math.ceil(error.retryAfterMs / 1000)));
  if (status === 500)
    return c.json(
      {
        error: {
          code: 'internal_error',
          message: 'The controller could not answer this request.',
          hint: `The reason is in the log, at request ${requestId}.`,
        },
      },
      500,
    );
  return c.json(
    {
      error: {
        code: error.code,
        message: error.message,
        hint: error.hint ?? null,
        ...(error.fields === undefined ? {} : { fields: error.fields }),
      },
    },
    status,
  );
}
