import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NO_PACE } from '../../support/no-pace.ts';
import { answer, connect, failure, serve, withProbe } from './support.ts';
import type { Instance, Script } from './support.ts';

let instance: Instance | undefined;
let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pngx-files-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  await instance?.close();
  instance = undefined;
});
async function start(script: Script): Promise<Instance> {
  instance = await serve(script);
  path = join(folder, randomBytes(6).toString('hex'));
  return instance;
}
const BYTES = randomBytes(1024 * 1024 + 3);
const hash = (algorithm: string) => createHash(algorithm).update(BYTES).digest('hex');
const head = (response: ServerResponse, extra: Record<string, string | number> = {}) =>
  response.writeHead(200, { 'content-type': 'application/pdf', 'x-version': '3.0.5', ...extra });

describe('downloading an original', () => {
  it('stores the bytes for the owner only and tells both hashes', async () => {
    const { url, seen } = await start(
      (_request, response) => void head(response, { 'content-length': BYTES.length }).end(BYTES),
    );
    const file = await connect(url).reader.downloadOriginal(12, path);
    expect(file).toEqual({ size: BYTES.length, md5: hash('md5'), sha256: hash('sha256') });
    expect((await readFile(path)).equals(BYTES)).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(seen[0]?.url).toBe('/api/documents/12/download/?original=true');
  });

  it('starts anew after a cut answer and leaves nothing of the first try', async () => {
    let tries = 0;
    const { url } = await start((_request, response) => {
      tries += 1;
      head(response, { 'content-length': BYTES.length });
      if (tries > 1) response.end(BYTES);
      else response.write(BYTES.subarray(0, 70_000), () => response.destroy());
    });
    expect((await connect(url).reader.downloadOriginal(12, path)).sha256).toBe(hash('sha256'));
  });

  for (const framing of ['content-length', 'chunked'])
    it(`a cut answer (${framing}) is an error and leaves no file`, async () => {
      const { url } = await start((_request, response) => {
        head(response, framing === 'chunked' ? {} : { 'content-length': BYTES.length });
        response.write(BYTES.subarray(0, 70_000), () => response.destroy());
      });
      expect(await failure(connect(url).reader.downloadOriginal(12, path))).toMatchObject({
        code: 'body_truncated',
        class: 'transient',
      });
      expect(existsSync(path)).toBe(false);
    });

  it('a stalled body ends at the no-progress limit, a slow one does not', async () => {
    const { url } = await start((request, response) => {
      head(response, { 'content-length': 8 });
      if (request.url?.startsWith('/api/documents/1/') === true) return void response.write('a');
      let sent = 0;
      const drip = setInterval(() => {
        sent += 1;
        if (sent < 8) return void response.write('x');
        clearInterval(drip);
        response.end('x');
      }, 100);
    });
    // Shorter than the whole of the slow one, and long enough for a busy machine between two of its bytes.
    const { reader } = connect(url, { timeouts: { noProgressMs: 700, answerMs: 20 } }, { retryDelaysMs: [] });
    expect(await failure(reader.downloadOriginal(1, path))).toMatchObject({ code: 'instance_timeout' });
    expect(await reader.downloadOriginal(2, path)).toMatchObject({ size: 8 });
  });

  it('a login page is not a file', async () => {
    const { url } = await start(
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    );
    expect(await failure(connect(url).reader.downloadOriginal(12, path))).toMatchObject({
      code: 'html_instead_of_api',
      scope: 'instance',
    });
    expect(existsSync(path)).toBe(false);
  });

  it('compressed bytes are not the original', async () => {
    const { url } = await start((_request, response) => void head(response, { 'content-encoding': 'gzip' }).end(BYTES));
    expect(await failure(connect(url).reader.downloadOriginal(12, path))).toMatchObject({ code: 'wrong_shape' });
  });

  it("403 in text on one object is that document's error", async () => {
    const { url } = await start(
      (_request, response) =>
        void response
          .writeHead(403, { 'content-type': 'text/html', 'x-version': '3.0.5' })
          .end('Insufficient permissions'),
    );
    expect(await failure(connect(url).reader.downloadOriginal(12, path))).toMatchObject({
      code: 'object_forbidden',
      class: 'permission',
      scope: 'document',
    });
  });

  it('a file that cannot be stored is told as such and not tried again', async () => {
    const { url, seen } = await start((_request, response) => void head(response).end(BYTES));
    const error = await failure(connect(url).reader.downloadOriginal(12, join(path, 'missing', 'file')));
    expect(error).toMatchObject({ code: 'disk_error', class: 'config', scope: 'instance' });
    expect(seen.length).toBe(1);
  });

  it('replaces what a killed process left, links included, with a file of its own', async () => {
    const { url } = await start((_request, response) => void head(response).end(BYTES));
    const elsewhere = `${path}.elsewhere`;
    await writeFile(elsewhere, 'untouched', { mode: 0o644 });
    await symlink(elsewhere, path);
    await connect(url).reader.downloadOriginal(12, path);
    expect(await readFile(elsewhere, 'utf8')).toBe('untouched');
    expect((await lstat(path)).isFile()).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('keeps to the given pace', async () => {
    const { url } = await start((_request, response) => void head(response).end(BYTES));
    const passed: number[] = [];
    const pace = { ...NO_PACE, bytes: async (_target: number, count: number) => void passed.push(count) };
    await connect(url, {}, { pace }).reader.downloadOriginal(12, path);
    expect(passed.reduce((sum, count) => sum + count, 0)).toBe(BYTES.length);
  });
});

describe('checksums without a download', () => {
  const MD5 = 'a'.repeat(32);
  it('v2 tells it in the ETag of a conditional request', async () => {
    const { url, seen } = await start(
      withProbe(
        'v2',
        (_request, response) => void response.writeHead(304, { etag: `W/"${MD5}"`, 'x-version': '2.20.15' }).end(),
      ),
    );
    expect(await connect(url).reader.originalChecksum(3)).toEqual({ algorithm: 'md5', hex: MD5 });
    expect(seen[1]?.headers['if-none-match']).toBe('*');
  });

  it('v3 tells that of the newest version', async () => {
    const version = (id: number, fill: string, is_root: boolean) => ({
      id,
      added: '2026-01-01T00:00:00Z',
      version_label: null,
      checksum: fill.repeat(64),
      is_root,
    });
    const { url } = await start(
      withProbe('v3', (_request, response) =>
        answer(response, 200, { id: 3, versions: [version(9, 'b', false), version(3, 'a', true)] }),
      ),
    );
    expect(await connect(url).reader.originalChecksum(3)).toEqual({ algorithm: 'sha256', hex: 'b'.repeat(64) });
  });

  it('is null where paperless says 404, an error where a proxy does', async () => {
    let fromProxy = false;
    const { url } = await start(
      withProbe('v2', (_request, response) =>
        fromProxy
          ? void response.writeHead(404).end('no route')
          : answer(response, 404, { detail: 'Not found.' }, 'v2'),
      ),
    );
    const { reader } = connect(url);
    expect(await reader.originalChecksum(3)).toBeNull();
    fromProxy = true;
    expect(await failure(reader.originalChecksum(3))).toMatchObject({ code: 'html_instead_of_api', scope: 'instance' });
  });
});
