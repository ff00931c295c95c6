/** What holds for every address: health, error shape, limits, who may come in. */
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

describe('health', () => {
  it('is ok while database and queue answer', async () => {
    const { status, body } = await api.get('/healthz');
    expect({ status, body }).toEqual({ status: 200, body: { status: 'ok', db: 'ok', queue: 'ok' } });
    expect((await api.get('/readyz')).status).toBe(200);
  });

  it('names the part that does not answer', async () => {
    api.breakQueue(true);
    const { status, body } = await api.get('/healthz');
    api.breakQueue(false);
    expect({ status, body }).toEqual({ status: 503, body: { status: 'error', db: 'ok', queue: 'error' } });
  });
});

describe('the error shape', () => {
  it('is the same for an unknown address', async () => {
    const { status, body } = await api.get('/api/nothing');
    expect(status).toBe(404);
    expect(body).toEqual({ error: { code: 'not_found', message: expect.any(String), hint: null } });
  });

  it.each([
    ['GET', '/api/logs?level=loud', undefined, 'level'],
    ['GET', '/api/logs?from=yesterday', undefined, 'from'],
    ['GET', '/api/logs?colour=red', undefined, 'colour'],
    ['GET', '/api/runs?limit=0', undefined, 'limit'],
    ['GET', '/api/runs?limit=501', undefined, 'limit'],
    ['GET', '/api/runs/twelve', undefined, 'id'],
    ['GET', '/api/replicas/1;drop', undefined, 'id'],
    ['POST', '/api/sync?replica_id=-1', undefined, 'replica_id'],
    ['POST', '/api/sync?replica_id=9999999999999999', undefined, 'replica_id'],
  ])('refuses %s %s as malformed and names the parameter', async (method, path, body, field) => {
    const answer = await api.request(method, path, body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.code).toBe('malformed_request');
    expect(Object.keys(answer.body.error.fields)).toEqual([field]);
  });

  it('refuses a parameter that is given twice', async () => {
    expect((await api.get('/api/logs?level=info&level=error')).status).toBe(400);
  });

  it.each([['{"name":'], [''], ['[1,2'], ['\u0000']])('refuses the body %j as malformed', async (body) => {
    expect((await api.request('POST', '/api/replicas', body)).status).toBe(400);
  });

  it('refuses a body that is not declared as JSON, which a foreign form could send', async () => {
    const answer = await api.request('POST', '/api/replicas', '{}', { 'content-type': 'text/plain' });
    expect(answer.status).toBe(400);
  });

  it('names every faulty field of a body with 422 and repeats no value', async () => {
    const given = {
      name: ' ',
      url: 7,
      api_token: 'tok\u0000en-in-clear',
      enabled: 'yes',
      sync_interval_seconds: 1,
      more: 1,
    };
    const answer = await api.request('POST', '/api/replicas', given);
    expect(answer.status).toBe(422);
    expect(Object.keys(answer.body.error.fields).sort()).toEqual([
      'api_token',
      'enabled',
      'more',
      'name',
      'sync_interval_seconds',
      'url',
    ]);
    expect(answer.text).not.toContain('in-clear');
  });

  it('refuses bodies over 64 KiB', async () => {
    const answer = await api.request('PUT', '/api/settings', { digest_time: 'x'.repeat(70_000) });
    expect(answer.status).toBe(413);
    expect(answer.body.error.code).toBe('body_too_large');
  });

  it('hides the reason of a fault of ours and logs it under the id of the request', async () => {
    await api.owner.schema.alterTable('logs').renameTo('logs_away').execute();
    const answer = await api.request('GET', '/api/logs', undefined, { 'x-request-id': 'trace-1' });
    await api.owner.schema.alterTable('logs_away').renameTo('logs').execute();
    expect(answer.status).toBe(500);
    expect(answer.body.error.code).toBe('internal_error');
    expect(answer.text).not.toMatch(/relation|select/i);
    expect(answer.headers.get('x-request-id')).toBe('trace-1');
    expect(
      api.logged.some(({ message, fields }) => message.includes('relation') && fields?.['requestId'] === 'trace-1'),
    ).toBe(true);
  });
});

describe('who may come in', () => {
  it('refuses a changing request that a page of another site sent', async () => {
    const answer = await api.request('POST', '/api/sync', undefined, { 'sec-fetch-site': 'cross-site' });
    expect(answer.status).toBe(403);
    expect(answer.body.error.code).toBe('cross_site_request');
  });

  it('refuses a foreign host name that was made to point to this machine', async () => {
    const { port } = new URL(api.url);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(
        { host: '127.0.0.1', port, path: '/api/status', headers: { host: 'evil.example' } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      request.on('error', reject);
      request.end();
    });
    expect(status).toBe(403);
  });

  it('sends a policy that knows no scripts but our own files and headers that keep other sites out', async () => {
    const { headers } = await api.get('/');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
  });

  it('logs one line a request, without its query', async () => {
    await api.get('/api/logs?q=private-words');
    const line = api.logged.findLast(({ fields }) => fields?.['route'] === '/api/logs');
    expect(line?.fields).toMatchObject({ method: 'GET', status: 200 });
    expect(JSON.stringify(api.logged)).not.toContain('private-words');
  });

  it('is not ready any more once it begins to stop, but still answers', async () => {
    api.drain();
    expect((await api.get('/readyz')).status).toBe(503);
    expect((await api.get('/healthz')).status).toBe(200);
  });
});
