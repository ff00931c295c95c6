import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { UploadRequest } from '../../../shared/paperless/api.ts';
import { answer, connect, failure, serve } from './support.ts';
import type { Instance, Script } from './support.ts';

let instance: Instance | undefined;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pngx-client-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  await instance?.close();
  instance = undefined;
});
async function start(script: Script): Promise<Instance> {
  instance = await serve(script);
  return instance;
}

const TASK = '6c1b2c1e-5f0e-4f3e-9d55-0a1b2c3d4e5f';
const hash = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('hex');
async function fileOf(bytes: Buffer, given: Partial<UploadRequest> = {}): Promise<UploadRequest> {
  const path = join(folder, `${hash('md5', bytes)}.bin`);
  await writeFile(path, bytes);
  return {
    path,
    size: bytes.length,
    md5: hash('md5', bytes),
    sha256: hash('sha256', bytes),
    fileName: 'Übung "7".pdf',
    created: '2024-03-05',
    title: 'pngx.abc.m1.a1',
    asn: 2_000_000_001,
    ...given,
  };
}
const BIG = randomBytes(3 * 1024 * 1024 + 17);

/** Takes the first bytes of a request and never reads on. */
async function deafServer(onFirstBytes: () => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.pause();
      onFirstBytes();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** How a write can end, on the wire, and what must be said of it. */
type Ending = readonly [string, (request: IncomingMessage, response: ServerResponse, body: Promise<Buffer>) => unknown];
const after = (body: Promise<Buffer>, act: () => unknown) => void body.then(act, () => undefined);
const page = (response: ServerResponse, status: number, extra: Record<string, string> = {}) =>
  response.writeHead(status, { 'content-type': 'text/html', ...extra }).end('<html>trouble</html>');
const unknownEndings: [...Ending, string][] = [
  ['a reset after the body', (q, _r, body) => after(body, () => q.socket.resetAndDestroy()), 'answer_missing'],
  ['a 502 of a proxy', (_q, r, body) => after(body, () => page(r, 502)), 'answer_missing'],
  ['a 504 of a proxy', (_q, r, body) => after(body, () => page(r, 504)), 'answer_missing'],
  ['a 500 of paperless', (_q, r, body) => after(body, () => page(r, 500, { 'x-version': '3.0.5' })), 'answered_error'],
  ['a login page with 200', (_q, r, body) => after(body, () => page(r, 200)), 'answer_missing'],
  ['no answer in time', () => undefined, 'answer_missing'],
  [
    'an answer that is cut',
    (_q, r, body) =>
      after(body, () => {
        r.writeHead(200, { 'content-type': 'application/json', 'x-version': '3.0.5', 'content-length': 90 });
        r.write('{"id"');
        setImmediate(() => r.destroy());
      }),
    'answer_missing',
  ],
  [
    'JSON of another shape',
    (_q, r, body) => after(body, () => answer(r, 200, { error: 'Error saving note' })),
    'answered_error',
  ],
];
const definiteEndings: [...Ending, { code: string; class: string }][] = [
  [
    '400 with fields',
    (_q, r, body) => after(body, () => answer(r, 400, { title: ['Too long.'] })),
    { code: 'values_refused', class: 'invalid' },
  ],
  [
    '401',
    (_q, r, body) => after(body, () => answer(r, 401, { detail: 'Invalid token.' })),
    { code: 'token_refused', class: 'auth' },
  ],
  [
    '413 of a proxy',
    (_q, r, body) => after(body, () => page(r, 413)),
    { code: 'payload_too_large', class: 'too-large' },
  ],
  [
    'a redirect',
    (_q, r, body) => after(body, () => r.writeHead(307, { location: 'https://elsewhere.example/' }).end()),
    { code: 'redirected', class: 'not-an-api' },
  ],
  ['429', (_q, r, body) => after(body, () => answer(r, 429, {})), { code: 'rate_limited', class: 'rate-limited' }],
];

const IMPATIENT = { timeouts: { answerMs: 120, firstByteMs: 120, noProgressMs: 120 } };
/** A busy machine may take its time to answer. */
const PATIENT = { timeouts: { answerMs: 20_000, firstByteMs: 20_000, noProgressMs: 20_000 } };
type Limits = typeof PATIENT;
type Act = (url: string, limits?: Limits) => Promise<unknown>;
const writes: [string, Act][] = [
  ['upload', async (url, limits = PATIENT) => connect(url, limits).writer.upload(await fileOf(BIG))],
  ['patchDocument', (url, limits = PATIENT) => connect(url, limits).writer.patchDocument(5, { title: 'x' })],
  ['addNote', (url, limits = PATIENT) => connect(url, limits).writer.addNote(5, 'hello')],
  [
    'createTaxonomy',
    (url, limits = PATIENT) => connect(url, limits).writer.createTaxonomy('tag', { name: 'x', owner: null }),
  ],
];

for (const [name, act] of writes)
  describe(`${name}: what is said of a write`, () => {
    for (const [ending, script, code] of unknownEndings)
      it(`${ending} leaves the outcome unknown, and nothing is sent again`, async () => {
        const { url, seen } = await start((request, response, { body }) => void script(request, response, body));
        const limits = ending === 'no answer in time' ? IMPATIENT : PATIENT;
        expect(await failure(act(url, limits))).toMatchObject({ code, class: 'unknown-outcome' });
        expect(seen.length).toBe(1);
      });
    for (const [ending, script, expected] of definiteEndings)
      it(`${ending} is a definite refusal`, async () => {
        const { url, seen } = await start((request, response, { body }) => void script(request, response, body));
        expect(await failure(act(url))).toMatchObject(expected);
        expect(seen.length).toBe(1);
      });
    it('a refused connection means that nothing arrived', async () => {
      const started = await start(() => undefined);
      await started.close();
      expect(await failure(act(started.url))).toMatchObject({ code: 'instance_unreachable', class: 'transient' });
    });
  });

describe('upload', () => {
  it('sends title, date, ASN and the bytes, framed by Content-Length', async () => {
    const { url, seen } = await start((_request, response, { body }) => after(body, () => answer(response, 200, TASK)));
    const request = await fileOf(BIG);
    const result = await connect(url).writer.upload(request);
    expect(result.taskId).toBe(TASK);
    const body = (await seen[0]?.body) ?? Buffer.alloc(0);
    expect(seen[0]?.headers['transfer-encoding']).toBeUndefined();
    expect(Number(seen[0]?.headers['content-length'])).toBe(body.length);
    const head = body.subarray(0, 800).toString('utf8');
    expect(head).toMatch(/name="title"\r\n\r\npngx\.abc\.m1\.a1\r\n/);
    expect(head).toMatch(/name="created"\r\n\r\n2024-03-05\r\n/);
    expect(head).toMatch(/name="archive_serial_number"\r\n\r\n2000000001\r\n/);
    expect(head).toContain('filename="Übung %227%22.pdf"');
    expect(body.includes(BIG)).toBe(true);
  });

  it('without an ASN sends no such part', async () => {
    const { url, seen } = await start((_request, response, { body }) => after(body, () => answer(response, 200, TASK)));
    await connect(url).writer.upload(await fileOf(Buffer.from('abc'), { asn: null }));
    expect(((await seen[0]?.body) ?? '').toString()).not.toContain('archive_serial_number');
  });

  for (const [what, change] of [
    ['another hash', { sha256: hash('sha256', Buffer.from('else')) }],
    ['fewer bytes than announced', { size: BIG.length + 5 }],
    ['more bytes than announced', { size: BIG.length - 5 }],
  ] as const)
    it(`a file with ${what} is cut before its last byte`, async () => {
      const { url, seen } = await start(() => undefined);
      const error = await failure(connect(url).writer.upload({ ...(await fileOf(BIG)), ...change }));
      expect(error).toMatchObject({ code: 'file_changed', class: 'transient' });
      await expect(seen[0]?.body).rejects.toThrow();
    });

  it('a reset in the middle of the body means that nothing was accepted', async () => {
    const { url } = await start((request) => {
      request.once('data', () => request.socket.resetAndDestroy());
    });
    expect(await failure(connect(url).writer.upload(await fileOf(BIG)))).toMatchObject({
      code: 'instance_unreachable',
      class: 'transient',
    });
  });

  it('a server that stops reading ends at the no-progress limit', async () => {
    await using deaf = await deafServer(() => undefined);
    const { writer } = connect(deaf.url, { timeouts: { noProgressMs: 80, firstByteMs: 80 } });
    const error = await failure(writer.upload(await fileOf(randomBytes(24 * 1024 * 1024))));
    expect(error).toMatchObject({ code: 'instance_timeout', class: 'transient' });
  });

  it('an unsupported file type is told apart', async () => {
    const { url } = await start((_request, response, { body }) =>
      after(body, () => answer(response, 400, { document: ['File type application/zip not supported'] })),
    );
    expect(await failure(connect(url).writer.upload(await fileOf(BIG)))).toMatchObject({
      code: 'unsupported_file_type',
      class: 'unsupported-type',
      scope: 'document',
    });
  });

  it('a missing file is trouble of the controller, not of the instance', async () => {
    const { url } = await start(() => undefined);
    const request = await fileOf(BIG);
    expect(await failure(connect(url).writer.upload({ ...request, path: `${request.path}.gone` }))).toMatchObject({
      code: 'disk_error',
    });
  });
});

describe('the guard of writes', () => {
  it('a dead process connects to nothing', async () => {
    const { url, seen } = await start(() => undefined);
    const { writer, guard } = connect(url);
    guard.deadFrom = 1;
    expect(await failure(writer.patchDocument(5, {}))).toMatchObject({ code: 'worker_fenced' });
    expect(seen.length).toBe(0);
  });

  it('a process that dies while connecting sends no byte', async () => {
    const { url, seen } = await start(() => undefined);
    let bytes = 0;
    instance?.server.on('connection', (socket) => socket.on('data', (chunk: Buffer) => (bytes += chunk.length)));
    const { writer, guard } = connect(url);
    guard.deadFrom = 2;
    expect(await failure(writer.patchDocument(5, {}))).toMatchObject({ code: 'worker_fenced' });
    expect({ requests: seen.length, bytes }).toEqual({ requests: 0, bytes: 0 });
  });

  it('is asked on every chunk, and cuts the body where it says no', async () => {
    const { url, seen } = await start(() => undefined);
    const { writer, guard } = connect(url);
    guard.deadFrom = 20;
    expect(await failure(writer.upload(await fileOf(BIG)))).toMatchObject({ code: 'worker_fenced' });
    await expect(seen[0]?.body).rejects.toThrow();
  });

  it('fencing ends a body that is under way', async () => {
    await using deaf = await deafServer(() => guard.fence());
    const { writer, guard } = connect(deaf.url);
    expect(await failure(writer.upload(await fileOf(randomBytes(24 * 1024 * 1024))))).toMatchObject({
      code: 'worker_fenced',
    });
  });

  it('fencing after the last byte leaves the outcome unknown', async () => {
    const { url } = await start((_request, _response, { body }) => after(body, () => guard.fence()));
    const { writer, guard } = connect(url);
    expect(await failure(writer.patchDocument(5, { title: 'x' }))).toMatchObject({
      code: 'answer_missing',
      class: 'unknown-outcome',
    });
  });
});

describe('the other writes', () => {
  it('a DELETE answered 400 in text is a locked database', async () => {
    const { url } = await start((_request, response) => void page(response, 400, { 'x-version': '2.20.15' }));
    expect(await failure(connect(url).writer.trashDocument(5))).toMatchObject({
      code: 'database_locked',
      class: 'transient',
      scope: 'instance',
    });
  });

  it('a DELETE answered 204 is done, and its request is ended without a body', async () => {
    const { url, seen } = await start(
      (_request, response) => void response.writeHead(204, { 'x-version': '3.0.5' }).end(),
    );
    await connect(url).writer.trashDocument(5);
    expect(seen[0]).toMatchObject({ method: 'DELETE', url: '/api/documents/5/' });
    expect(((await seen[0]?.body) ?? 'none').length).toBe(0);
  });

  it('a PATCH answered with another document is not taken for done', async () => {
    const { url } = await start((_request, response) =>
      answer(response, 200, { id: 6, modified: '2026-01-01T00:00:00Z' }),
    );
    expect(await failure(connect(url).writer.patchDocument(5, {}))).toMatchObject({
      code: 'answered_error',
      class: 'unknown-outcome',
    });
  });

  it('custom field errors come with their position', async () => {
    const { url } = await start((_request, response, { body }) =>
      after(body, () =>
        answer(response, 400, { custom_fields: [{}, { non_field_errors: ['Some documents in value'] }] }),
      ),
    );
    const error = await failure(connect(url).writer.patchDocument(5, { custom_fields: [] }));
    expect(error.fields).toEqual({ 'custom_fields.1': 'Some documents in value' });
  });

  it('a PATCH of a document that is gone says so', async () => {
    const { url } = await start((_request, response) =>
      answer(response, 404, { detail: 'No Document matches the given query.' }),
    );
    expect(await failure(connect(url).writer.patchDocument(5, {}))).toMatchObject({
      code: 'object_not_found',
      scope: 'document',
    });
  });

  it('every write has a connection of its own', async () => {
    const { url, server } = await start((_request, response) =>
      answer(response, 200, { id: 5, modified: '2026-01-01T00:00:00Z' }),
    );
    let connections = 0;
    server.on('connection', () => (connections += 1));
    const { writer } = connect(url);
    for (let i = 0; i < 3; i += 1) await writer.patchDocument(5, {});
    expect(connections).toBe(3);
  });
});
