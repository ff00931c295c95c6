/**
 * Everything an instance, a proxy in front of it or the network can answer, as an AppError. Pure: `exchange.ts` collects
 * the facts, this file names them. Texts hold method and path template only: never token, query, ids or bodies (S3).
 */
import { AppError } from '../kernel/errors.ts';
import type { AppErrorInit } from '../kernel/errors.ts';
import { isFromPaperless, isJson, isWrite, retryAfterMs } from './facts.ts';
import type { AnswerFacts, RequestFacts } from './facts.ts';
import { flattenFields } from './refused-fields.ts';

const BAD_GATEWAY = new Set([502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530]);

type Described = Omit<AppErrorInit, 'message'> & { readonly says: string };

function describe(request: RequestFacts, init: Described): AppError {
  const { says, ...rest } = init;
  return new AppError({ ...rest, message: `${request.method} ${request.route} ${says}` });
}

function unknownOutcome(
  request: RequestFacts,
  code: 'answered_error' | 'answer_missing',
  says: string,
  status?: number,
) {
  return describe(request, {
    code,
    class: 'unknown-outcome',
    says,
    status,
    hint: 'The write may have been applied. It is looked up on the instance before anything is sent again.',
  });
}

/** A write that paperless itself answered, but not with what a success looks like. */
export function answeredError(request: RequestFacts, status: number, says: string): AppError {
  return unknownOutcome(request, 'answered_error', says, status);
}

/** An answer with an error status, or a redirect. */
export function classifyAnswer(request: RequestFacts, answer: AnswerFacts, now: Date): AppError {
  const { status } = answer;
  if (status >= 300 && status < 400) return redirected(request, status);
  if (status === 400) return badRequest(request, answer);
  if (status === 401) return tokenRefused(request, answer);
  if (status === 403) return forbidden(request, answer);
  if (status === 404 || status === 410) return notFound(request, answer);
  if (status === 406) return notAcceptable(request);
  if (status === 413) return tooLarge(request);
  if (status === 429) return rateLimited(request, answer, now);
  if (status >= 500 || status === 408) return serverFault(request, answer, now);
  return describe(request, {
    code: status === 405 ? 'method_not_allowed' : 'request_refused',
    class: status === 405 ? 'incompatible' : 'invalid',
    says: `was refused with status ${status}.`,
    status,
    scope: status === 405 ? 'instance' : 'document',
  });
}

function redirected(request: RequestFacts, status: number): AppError {
  return describe(request, {
    code: 'redirected',
    class: 'not-an-api',
    says: `was redirected (${status}); the token was not sent on.`,
    hint: 'Check the address: base path, http or https, and login proxies in front of the API.',
    status,
    scope: 'instance',
  });
}

function tokenRefused(request: RequestFacts, answer: AnswerFacts): AppError {
  const proxy = !isJson(answer);
  return describe(request, {
    code: 'token_refused',
    class: 'auth',
    says: proxy
      ? 'was refused by something in front of paperless (401).'
      : 'was refused: the token is not valid (401).',
    hint: proxy ? 'Let the access proxy pass /api/, or add the headers it wants.' : 'Enter a new API token.',
    status: 401,
    scope: 'instance',
  });
}

function forbidden(request: RequestFacts, answer: AnswerFacts): AppError {
  // Views answer 403 as text/html too (paperless-api.md 1.2), so only X-Version tells paperless' own page from a proxy's.
  if (!isFromPaperless(answer) && !isJson(answer)) return htmlInstead(request, answer.status);
  const object = request.purpose === 'object' || request.purpose === 'change';
  const init = { class: 'permission', status: 403, hint: 'Use the token of a superuser who is also staff.' } as const;
  if (object)
    return describe(request, { ...init, code: 'object_forbidden', says: 'is not allowed on this object (403).' });
  const code = request.purpose === 'list' ? 'list_forbidden' : 'create_forbidden';
  return describe(request, { ...init, code, says: 'is not allowed to this token (403).', scope: 'instance' });
}

function notFound(request: RequestFacts, answer: AnswerFacts): AppError {
  // A proxy's 404 must never look like a deleted document (E4, H4).
  if (!isFromPaperless(answer)) return htmlInstead(request, answer.status);
  const says = 'was answered "not found" (404).';
  if (request.purpose === 'list' || (request.purpose === 'create' && !request.route.includes('{id}')))
    return describe(request, { code: 'endpoint_missing', class: 'not-an-api', says, status: 404, scope: 'instance' });
  return describe(request, { code: 'object_not_found', class: 'not-found', says, status: 404 });
}

function badRequest(request: RequestFacts, answer: AnswerFacts): AppError {
  if (!isJson(answer)) {
    if (!isFromPaperless(answer)) return htmlInstead(request, 400);
    // A DELETE that met a locked database is answered 400 in plain text, without effect (paperless-api.md 16).
    if (request.method === 'DELETE') return databaseLocked(request, 400);
    return describe(request, {
      code: 'request_refused',
      class: 'invalid',
      says: 'was refused as text (400).',
      status: 400,
    });
  }
  const fields = flattenFields(answer.text);
  const unsupported = Object.values(fields).some((text) => /\bfile type\b.*\bnot supported\b/i.test(text));
  if (unsupported)
    return describe(request, {
      code: 'unsupported_file_type',
      class: 'unsupported-type',
      says: 'was refused: file type not supported.',
      status: 400,
      fields,
    });
  return describe(request, {
    code: 'values_refused',
    class: 'invalid',
    says: `was refused: ${fieldNames(fields)}.`,
    status: 400,
    fields,
  });
}

function fieldNames(fields: Readonly<Record<string, string>>): string {
  const names = Object.keys(fields).slice(0, 5);
  return names.length === 0 ? 'no field named' : `values of ${names.join(', ')}`;
}

function notAcceptable(request: RequestFacts): AppError {
  return describe(request, {
    code: 'not_acceptable',
    class: 'incompatible',
    says: 'was refused: the API version is not spoken there (406).',
    hint: 'paperless-ngx 2.20 and 3.x are supported.',
    status: 406,
    scope: 'instance',
  });
}

function tooLarge(request: RequestFacts): AppError {
  return describe(request, {
    code: 'payload_too_large',
    class: 'too-large',
    says: 'was refused: too large (413).',
    hint: 'paperless has no such limit: raise the body size limit of the proxy in front of it.',
    status: 413,
  });
}

function rateLimited(request: RequestFacts, answer: AnswerFacts, now: Date): AppError {
  return describe(request, {
    code: 'rate_limited',
    class: 'rate-limited',
    says: 'was refused for now: too many requests (429).',
    status: 429,
    scope: 'instance',
    retryAfterMs: retryAfterMs(answer, now),
  });
}

function serverFault(request: RequestFacts, answer: AnswerFacts, now: Date): AppError {
  const { status } = answer;
  const locked = status === 500 && /database (table )?is locked/i.test(answer.text);
  if (request.purpose === 'change' && locked) return databaseLocked(request, status);
  if (isWrite(request)) return writeFault(request, answer);
  if (locked) return databaseLocked(request, status);
  const gateway = BAD_GATEWAY.has(status);
  return describe(request, {
    code: gateway ? 'bad_gateway' : 'server_error',
    class: 'transient',
    says: `was answered ${status}.`,
    hint: gateway ? 'The proxy in front of paperless does not reach it.' : undefined,
    status,
    scope: 'instance',
    retryAfterMs: retryAfterMs(answer, now),
  });
}

/**
 * H26 repeats a write at once after an answer of paperless, and only after a hold when paperless itself stayed silent. A
 * proxy's 502 or 504 is such a silence: the instance may still be at work on the request.
 */
function writeFault(request: RequestFacts, answer: AnswerFacts): AppError {
  const { status } = answer;
  return isFromPaperless(answer)
    ? unknownOutcome(request, 'answered_error', `was answered ${status} by paperless.`, status)
    : unknownOutcome(
        request,
        'answer_missing',
        `was answered ${status} by a proxy; paperless itself did not answer.`,
        status,
      );
}

function databaseLocked(request: RequestFacts, status: number): AppError {
  return describe(request, {
    code: 'database_locked',
    class: 'transient',
    says: `met a locked database (${status}).`,
    status,
    scope: 'instance',
  });
}

function htmlInstead(request: RequestFacts, status: number): AppError {
  return describe(request, {
    code: 'html_instead_of_api',
    class: 'not-an-api',
    says: `was answered ${status} by something that is not the paperless API.`,
    hint: 'Check the address and its base path, and that no login page stands in front of /api/.',
    status,
    scope: 'instance',
  });
}

/** A 2xx whose content is not what the API answers: a page, JSON of another shape, no version header. */
export function unusableAnswer(request: RequestFacts, answer: AnswerFacts, why: string): AppError {
  if (isWrite(request)) {
    const code = isFromPaperless(answer) ? 'answered_error' : 'answer_missing';
    return unknownOutcome(request, code, `was answered ${answer.status}, but ${why}.`, answer.status);
  }
  const page = !isJson(answer) || /^\s*</.test(answer.text);
  if (page) return htmlInstead(request, answer.status);
  return wrongShape(request, why, answer.status);
}

export function wrongShape(request: RequestFacts, why: string, status?: number): AppError {
  return describe(request, {
    code: 'wrong_shape',
    class: 'not-an-api',
    says: `was answered, but ${why}.`,
    status,
    scope: 'instance',
  });
}
