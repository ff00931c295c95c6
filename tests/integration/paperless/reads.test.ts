import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { answer, connect, failure, serve, TOKEN, UI_SETTINGS } from './support.ts';
import type { Instance, Script } from './support.ts';

let instance: Instance | undefined;
afterEach(async () => {
  await instance?.close();
  instance = undefined;
});
async function start(script: Script): Promise<Instance> {
  instance = await serve(script);
  return instance;
}
const page = (results: unknown[], all?: number[]) => ({
  count: all?.length ?? results.length,
  next: null,
  previous: null,
  ...(all && { all }),
  results,
});

describe('every request', () => {
  it('pins version, language and encoding, and sends the token once', async () => {
    const { url, seen } = await start((_request, response) => answer(response, 200, UI_SETTINGS));
    const { reader } = connect(url, { headers: { 'X-Proxy': 'yes', Accept: 'text/html', Authorization: 'Basic x' } });
    const capabilities = await reader.probe();
    expect(capabilities).toMatchObject({ generation: 'v3', version: '3.0.5', userId: 2, isSuperuser: true });
    expect(Math.abs(capabilities.serverDate - Date.now())).toBeLessThan(5000);
    expect(seen[0]?.headers).toMatchObject({
      accept: 'application/json; version=9',
      'accept-language': 'en',
      'accept-encoding': 'identity',
      authorization: `Token ${TOKEN}`,
      'x-proxy': 'yes',
    });
  });

  it('keeps a base path in front of /api/', async () => {
    const { url, seen } = await start((_request, response) => answer(response, 200, UI_SETTINGS));
    await connect(`${url}/paper`).reader.probe();
    expect(seen[0]?.url).toBe('/paper/api/ui_settings/');
  });

  it('reuses one connection for reads', async () => {
    const started = await start((_request, response) => answer(response, 200, UI_SETTINGS));
    let connections = 0;
    started.server.on('connection', () => (connections += 1));
    const { reader } = connect(started.url);
    for (let i = 0; i < 5; i += 1) await reader.probe();
    expect(connections).toBe(1);
  });

  it('reports each try with its template path and no query', async () => {
    const { url } = await start((_request, response) => answer(response, 404, { detail: 'Not found.' }));
    const { reader, events } = connect(url);
    expect(await reader.document(4711)).toBeNull();
    expect(events).toMatchObject([
      { target: 7, method: 'GET', path: '/api/documents/{id}/', status: 404, outcome: 'object_not_found' },
    ]);
  });
});

describe('an answer that is not a clean list', () => {
  const cases: [string, Script, { code: string; class: string; tries: number }][] = [
    [
      '401',
      (_q, r) => answer(r, 401, { detail: 'Invalid token.' }),
      { code: 'token_refused', class: 'auth', tries: 1 },
    ],
    ['403', (_q, r) => answer(r, 403, { detail: 'no' }), { code: 'list_forbidden', class: 'permission', tries: 1 }],
    ['406', (_q, r) => answer(r, 406, { detail: 'no' }), { code: 'not_acceptable', class: 'incompatible', tries: 1 }],
    [
      'a login page',
      (_q, r) => void r.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>'),
      { code: 'html_instead_of_api', class: 'not-an-api', tries: 1 },
    ],
    [
      'a redirect',
      (_q, r) => void r.writeHead(302, { location: '/accounts/login/' }).end(),
      { code: 'redirected', class: 'not-an-api', tries: 1 },
    ],
    [
      'another shape',
      (_q, r) => answer(r, 200, { results: {} }),
      { code: 'wrong_shape', class: 'not-an-api', tries: 1 },
    ],
    ['a bare array', (_q, r) => answer(r, 200, []), { code: 'wrong_shape', class: 'not-an-api', tries: 1 }],
    ['an empty body', (_q, r) => answer(r, 200, undefined), { code: 'wrong_shape', class: 'not-an-api', tries: 1 }],
    [
      'JSON of something else',
      (_q, r) => void r.writeHead(200, { 'content-type': 'application/json' }).end('{"count":0,"results":[]}'),
      { code: 'wrong_shape', class: 'not-an-api', tries: 1 },
    ],
    [
      'a 502 page',
      (_q, r) => void r.writeHead(502, { 'content-type': 'text/html' }).end('<html>'),
      { code: 'bad_gateway', class: 'transient', tries: 4 },
    ],
    [
      'a 500 page',
      (_q, r) => void r.writeHead(500, { 'content-type': 'text/html' }).end('<html>'),
      { code: 'server_error', class: 'transient', tries: 4 },
    ],
    [
      'a cut body',
      (_q, r) => {
        r.writeHead(200, { 'content-type': 'application/json', 'x-version': '3.0.5', 'content-length': 500 });
        r.write('{"count":');
        setImmediate(() => r.destroy());
      },
      { code: 'body_truncated', class: 'transient', tries: 4 },
    ],
    ['a reset', (q) => void q.socket.resetAndDestroy(), { code: 'instance_unreachable', class: 'transient', tries: 4 }],
    [
      '429',
      (_q, r) => answer(r, 429, { detail: 'slow down' }),
      { code: 'rate_limited', class: 'rate-limited', tries: 4 },
    ],
  ];
  for (const [name, script, { code, class: kind, tries }] of cases)
    it(`${name} is ${code} and an instance's trouble`, async () => {
      const { url, seen } = await start(script);
      const error = await failure(connect(url).reader.taxonomy('tag'));
      expect({ code: error.code, class: error.class, scope: error.scope }).toEqual({
        code,
        class: kind,
        scope: 'instance',
      });
      expect(seen.length).toBe(tries);
      expect(JSON.stringify({ ...error, m: error.message, s: error.stack })).not.toContain(TOKEN);
    });

  it('a stalled answer ends at the time limit and is repeated', async () => {
    const { url, seen } = await start((_request, response) => void response.writeHead(200).flushHeaders());
    const error = await failure(connect(url, { timeouts: { answerMs: 50 } }).reader.census());
    expect(error).toMatchObject({ code: 'instance_timeout', class: 'transient', scope: 'instance' });
    expect(seen.length).toBe(4);
  });

  it('a body that drips for ever ends at the time limit', async () => {
    const { url } = await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'x-version': '3.0.5' });
      const drip = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(drip));
    });
    const { reader } = connect(url, { timeouts: { answerMs: 60 } }, { retryDelaysMs: [] });
    expect((await failure(reader.census())).code).toBe('instance_timeout');
  });

  it('nothing listening is unreachable', async () => {
    const started = await start(() => undefined);
    await started.close();
    expect(await failure(connect(started.url).reader.groups())).toMatchObject({
      code: 'instance_unreachable',
      class: 'transient',
    });
  });

  it('something that is not HTTP is named so', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const error = await failure(connect(`http://127.0.0.1:${port}`).reader.groups());
    server.close();
    expect(error).toMatchObject({ code: 'not_http', class: 'not-an-api' });
  });
});

describe('repeats of reads', () => {
  it('a fault that passes is not seen by the caller', async () => {
    let tries = 0;
    const { url } = await start((_request, response) => {
      tries += 1;
      if (tries < 4) response.writeHead(503, { 'content-type': 'text/html' }).end('busy');
      else answer(response, 200, page([{ id: 1, username: 'ada' }]));
    });
    expect(await connect(url).reader.users()).toEqual([{ id: 1, name: 'ada' }]);
  });

  it('a long Retry-After is handed up instead of slept', async () => {
    const { url, seen } = await start(
      (_request, response) =>
        void response.writeHead(429, { 'retry-after': '600', 'content-type': 'application/json' }).end('{}'),
    );
    expect(await failure(connect(url).reader.users())).toMatchObject({ code: 'rate_limited', retryAfterMs: 600_000 });
    expect(seen.length).toBe(1);
  });

  it('a stop by the caller ends the pause between two tries', async () => {
    const { url } = await start((_request, response) => void response.writeHead(503).end());
    const stop = new AbortController();
    const { reader } = connect(
      url,
      {},
      { retryDelaysMs: [60_000], onRequest: () => queueMicrotask(() => stop.abort()) },
    );
    expect(await failure(reader.users(stop.signal))).toMatchObject({ code: 'cancelled', class: 'cancelled' });
  });

  it('a stop by the caller ends a running request at once', async () => {
    const stop = new AbortController();
    const { url, seen } = await start(() => stop.abort());
    expect(await failure(connect(url).reader.users(stop.signal))).toMatchObject({ code: 'cancelled' });
    expect(seen.length).toBe(1);
  });

  it('a lost request slot ends a running request', async () => {
    const lost = new AbortController();
    const { url } = await start(() => lost.abort());
    const { reader } = connect(url, {}, { slots: { run: (_target, work) => work(lost.signal) } });
    expect(await failure(reader.users())).toMatchObject({ code: 'slot_lost', class: 'cancelled' });
  });
});

describe('the reader', () => {
  it('has no write method', async () => {
    const { reader, writer } = connect('http://127.0.0.1:9');
    const writes = Object.keys(writer).filter((name) => !(name in reader));
    expect(writes.toSorted()).toEqual([
      'addNote',
      'createCustomField',
      'createTaxonomy',
      'deleteCustomField',
      'deleteNote',
      'deleteTaxonomy',
      'deleteVersion',
      'patchCustomField',
      'patchDocument',
      'patchTaxonomy',
      'purgeDocuments',
      'restoreDocument',
      'setVersionLabel',
      'trashDocument',
      'upload',
      'uploadVersion',
    ]);
  });
});
