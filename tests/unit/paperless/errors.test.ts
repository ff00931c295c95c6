import { describe, expect, it } from 'vitest';
import { classifyAnswer, unusableAnswer } from '../../../shared/paperless/errors.ts';
import type { AnswerFacts, Purpose, RequestFacts } from '../../../shared/paperless/facts.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const ROUTES: Record<Purpose, [string, string]> = {
  list: ['GET', '/api/tags/'],
  object: ['GET', '/api/documents/{id}/'],
  create: ['POST', '/api/documents/post_document/'],
  change: ['PATCH', '/api/documents/{id}/'],
};
const asked = (purpose: Purpose, method = ROUTES[purpose][0], route = ROUTES[purpose][1]): RequestFacts => ({
  method,
  route,
  purpose,
});
const fromPaperless = { 'x-version': '3.0.5' };
const json = (status: number, body: unknown, headers = {}): AnswerFacts => ({
  status,
  headers: { 'content-type': 'application/json', ...fromPaperless, ...headers },
  text: JSON.stringify(body),
});
const html = (status: number, text = '<html>', headers = {}): AnswerFacts => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8', ...headers },
  text,
});

type Row = [string, Purpose, AnswerFacts, string, string, 'instance' | 'document'];
const rows: Row[] = [
  ['401 of paperless', 'object', json(401, { detail: 'Invalid token.' }), 'token_refused', 'auth', 'instance'],
  ['401 of a proxy', 'list', html(401), 'token_refused', 'auth', 'instance'],
  ['403 on a list', 'list', json(403, { detail: 'x' }), 'list_forbidden', 'permission', 'instance'],
  ['403 on an object', 'object', json(403, { detail: 'x' }), 'object_forbidden', 'permission', 'document'],
  [
    '403 as text on an object',
    'object',
    html(403, 'Insufficient permissions', fromPaperless),
    'object_forbidden',
    'permission',
    'document',
  ],
  ['403 on a PATCH', 'change', json(403, { detail: 'x' }), 'object_forbidden', 'permission', 'document'],
  [
    '403 on an upload',
    'create',
    html(403, 'Insufficient permissions', fromPaperless),
    'create_forbidden',
    'permission',
    'instance',
  ],
  ['403 of a firewall', 'object', html(403), 'html_instead_of_api', 'not-an-api', 'instance'],
  ['404 of an object', 'object', json(404, { detail: 'Not found.' }), 'object_not_found', 'not-found', 'document'],
  [
    '404 of a proxy as JSON',
    'object',
    { ...json(404, {}), headers: { 'content-type': 'application/json' } },
    'html_instead_of_api',
    'not-an-api',
    'instance',
  ],
  ['404 of a proxy as a page', 'change', html(404), 'html_instead_of_api', 'not-an-api', 'instance'],
  ['404 of a list', 'list', json(404, { detail: 'Invalid page.' }), 'endpoint_missing', 'not-an-api', 'instance'],
  ['404 of the upload route', 'create', json(404, {}), 'endpoint_missing', 'not-an-api', 'instance'],
  ['405', 'create', json(405, {}), 'method_not_allowed', 'incompatible', 'instance'],
  [
    '406',
    'list',
    { ...json(406, {}), headers: { 'content-type': 'application/json' } },
    'not_acceptable',
    'incompatible',
    'instance',
  ],
  ['413', 'create', html(413), 'payload_too_large', 'too-large', 'document'],
  ['418', 'change', json(418, {}), 'request_refused', 'invalid', 'document'],
  ['302', 'list', html(302), 'redirected', 'not-an-api', 'instance'],
  ['307 on an upload', 'create', html(307), 'redirected', 'not-an-api', 'instance'],
  ['400 with fields', 'change', json(400, { title: ['long'] }), 'values_refused', 'invalid', 'document'],
  ['400 as text on a PATCH', 'change', html(400, 'no', fromPaperless), 'request_refused', 'invalid', 'document'],
  ['400 of a proxy', 'change', html(400), 'html_instead_of_api', 'not-an-api', 'instance'],
  [
    'an unsupported file type',
    'create',
    json(400, { document: ['File type application/zip not supported'] }),
    'unsupported_file_type',
    'unsupported-type',
    'document',
  ],
  ['429', 'list', json(429, {}), 'rate_limited', 'rate-limited', 'instance'],
  ['500 JSON on a read', 'list', json(500, {}), 'server_error', 'transient', 'instance'],
  [
    '500 HTML on a read',
    'object',
    html(500, '<h1>Server Error (500)</h1>', fromPaperless),
    'server_error',
    'transient',
    'instance',
  ],
  [
    '500 that names the lock',
    'list',
    html(500, 'OperationalError: database is locked'),
    'database_locked',
    'transient',
    'instance',
  ],
  [
    '500 that names the lock, on a PATCH',
    'change',
    html(500, 'database is locked', fromPaperless),
    'database_locked',
    'transient',
    'instance',
  ],
  [
    '500 that names the lock, on an upload',
    'create',
    html(500, 'database is locked', fromPaperless),
    'answered_error',
    'unknown-outcome',
    'document',
  ],
  ['408 on a read', 'list', html(408), 'server_error', 'transient', 'instance'],
  ['502 on a read', 'list', html(502), 'bad_gateway', 'transient', 'instance'],
  ['503 on a read', 'list', html(503), 'bad_gateway', 'transient', 'instance'],
  ['522 on a read', 'list', html(522), 'bad_gateway', 'transient', 'instance'],
  [
    '500 of paperless on a PATCH',
    'change',
    html(500, '<html>', fromPaperless),
    'answered_error',
    'unknown-outcome',
    'document',
  ],
  ['502 on a PATCH', 'change', html(502), 'answer_missing', 'unknown-outcome', 'document'],
  ['504 on an upload', 'create', html(504), 'answer_missing', 'unknown-outcome', 'document'],
  ['503 on a note', 'create', html(503), 'answer_missing', 'unknown-outcome', 'document'],
];

describe('what an answer means', () => {
  for (const [name, purpose, answer, code, kind, scope] of rows)
    it(`${name} is ${code}`, () => {
      const error = classifyAnswer(asked(purpose), answer, NOW);
      expect([error.code, error.class, error.scope]).toEqual([code, kind, scope]);
    });

  it('a DELETE answered 400 as text met a locked database', () => {
    const answer = html(400, 'Error deleting document', fromPaperless);
    expect(classifyAnswer(asked('change', 'DELETE'), answer, NOW)).toMatchObject({
      code: 'database_locked',
      class: 'transient',
    });
  });

  it('a note on a document that is gone is an object that is not found', () => {
    const request = asked('create', 'POST', '/api/documents/{id}/notes/');
    expect(classifyAnswer(request, json(404, { detail: 'Not found.' }), NOW).code).toBe('object_not_found');
  });

  it('Retry-After is read as seconds, as a date, and not at all when it is neither', () => {
    const after = (value: string) =>
      classifyAnswer(asked('list'), json(429, {}, { 'retry-after': value }), NOW).retryAfterMs;
    expect([after('30'), after('Sun, 01 Mar 2026 12:00:20 GMT'), after('soon')]).toEqual([30_000, 20_000, undefined]);
  });

  it('the text of an answer is in no message', () => {
    const secret = 'the text of a private letter';
    const error = classifyAnswer(asked('change'), html(500, secret, fromPaperless), NOW);
    expect(JSON.stringify([error.message, error.hint, error.fields])).not.toContain(secret);
  });

  it('a page with 200 is not the API, for a read; for a write it proves nothing', () => {
    expect(unusableAnswer(asked('list'), html(200), 'it is not JSON').code).toBe('html_instead_of_api');
    expect(unusableAnswer(asked('create'), html(200), 'it is not JSON')).toMatchObject({
      code: 'answer_missing',
      class: 'unknown-outcome',
    });
    expect(unusableAnswer(asked('create'), json(200, {}), 'it has another shape').code).toBe('answered_error');
    expect(unusableAnswer(asked('list'), json(200, {}), 'it has another shape').code).toBe('wrong_shape');
  });
});
