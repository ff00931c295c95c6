/** The bytes of originals and what is known about them without fetching them. */
import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { AppError } from '../kernel/errors.ts';
import type { Checksum, DownloadedFile, PaperlessReader, RoomCheck } from './api.ts';
import type { CapabilityProbe } from './capabilities.ts';
import { orNull } from './documents.ts';
import { wrongShape } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { headerOf } from './facts.ts';
import { parseAs, readJson } from './http.ts';
import type { ApiRequest, Http } from './http.ts';
import { checksumOfEtag, toChecksum } from './mapper.ts';
import * as wire from './wire.ts';

type FileReads = Pick<PaperlessReader, 'originalChecksum' | 'fileFacts' | 'downloadOriginal' | 'downloadVersion'>;

export function fileReads(http: Http, probe: CapabilityProbe): FileReads {
  return {
    async originalChecksum(id, signal) {
      const generation = await probe.generation(signal);
      return await orNull(() => (generation === 'v3' ? newestVersion(http, id, signal) : probeEtag(http, id, signal)));
    },
    fileFacts: (id, signal) =>
      orNull(async () => {
        const facts = await readJson(http, metadataRequest(id, signal), wire.metadata);
        return { checksum: toChecksum(facts.original_checksum), size: facts.original_size ?? null };
      }),
    downloadOriginal: (id, path, signal, room) => download(http, { id }, path, { signal, room }),
    downloadVersion: (id, versionId, path, signal, room) => download(http, { id, versionId }, path, { signal, room }),
  };
}

function metadataRequest(id: number, signal: AbortSignal | undefined): ApiRequest {
  // The first call parses the PDF, which may take minutes: the limits of files hold, not those of JSON.
  return { method: 'GET', route: '/api/documents/{id}/metadata/', id, purpose: 'object', file: true, signal };
}

async function newestVersion(http: Http, id: number, signal: AbortSignal | undefined): Promise<Checksum> {
  const route = '/api/documents/{id}/';
  const request: ApiRequest = { method: 'GET', route, id, purpose: 'object', query: { fields: 'id,versions' }, signal };
  const { versions } = await readJson(http, request, wire.versions);
  const newest = (versions ?? []).toSorted((a, b) => b.id - a.id)[0];
  if (newest === undefined) throw wrongShape(request, 'the document names no version of its file');
  return toChecksum(newest.checksum);
}

/** 304 with the checksum in the ETag: no file is read, nothing parsed (paperless-api.md 3.3). */
async function probeEtag(http: Http, id: number, signal: AbortSignal | undefined): Promise<Checksum> {
  const request: ApiRequest = { ...metadataRequest(id, signal), headers: { 'if-none-match': '*' } };
  return await http.read(request, (answer) => {
    // A proxy that drops the condition makes it a plain answer, which says the same.
    if (answer.status !== 304) return toChecksum(parseAs(request, answer, wire.metadata).original_checksum);
    const checksum = checksumOfEtag(headerOf(answer, 'etag'));
    if (checksum === null) throw wrongShape(request, 'it bears no checksum', 304);
    return checksum;
  });
}

async function download(
  http: Http,
  { id, versionId }: { readonly id: number; readonly versionId?: number },
  path: string,
  { signal, room }: { readonly signal: AbortSignal | undefined; readonly room: RoomCheck | undefined },
): Promise<DownloadedFile> {
  const target = new DownloadTarget(path, (bytes) => http.pass(bytes, signal), room);
  const request: ApiRequest = {
    method: 'GET',
    route: '/api/documents/{id}/download/',
    id,
    purpose: 'object',
    // Without it the archive PDF comes (paperless-api.md 3.2); v3 serves the newest version by default.
    query: { original: true, ...(versionId === undefined ? {} : { version: versionId }) },
    file: true,
    sink: { start: (answer) => target.start(request, answer), take: (chunk) => target.take(chunk) },
    signal,
  };
  try {
    await http.read(request, (answer) => target.checkLength(request, headerOf(answer, 'content-length')));
    return await target.finish();
  } catch (error) {
    await target.discard();
    throw error;
  }
}

/** A file that is written and hashed at once; each try of the download starts it anew. */
class DownloadTarget {
  private readonly path: string;
  private readonly pace: (bytes: number) => Promise<void>;
  private readonly room: RoomCheck | undefined;
  private handle: FileHandle | null = null;
  private size = 0;
  private md5 = createHash('md5');
  private sha256 = createHash('sha256');

  constructor(path: string, pace: (bytes: number) => Promise<void>, room: RoomCheck | undefined) {
    this.path = path;
    this.pace = pace;
    this.room = room;
  }

  async start(request: ApiRequest, answer: Parameters<NonNullable<Exchange['sink']>['start']>[0]): Promise<void> {
    if (headerOf(answer, 'x-version') === undefined)
      throw new AppError({
        code: 'html_instead_of_api',
        class: 'not-an-api',
        message: `GET ${request.route} was answered by something that is not paperless.`,
        scope: 'instance',
      });
    const encoding = headerOf(answer, 'content-encoding') ?? 'identity';
    if (encoding !== 'identity') throw wrongShape(request, `its bytes are ${encoding}-encoded, though not asked for`);
    await this.discard();
    // The first that is known of the size of a file that was never fetched before.
    await this.room?.(Number(headerOf(answer, 'content-length') ?? 0));
    this.size = 0;
    this.md5 = createHash('md5');
    this.sha256 = createHash('sha256');
    this.handle = await onDisk(async () => {
      // A file of our own making: what lies there may be a link or readable by others.
      await rm(this.path, { force: true });
      return await open(this.path, 'wx', 0o600);
    });
  }

  async take(chunk: Uint8Array): Promise<void> {
    await this.pace(chunk.length);
    this.md5.update(chunk);
    this.sha256.update(chunk);
    this.size += chunk.length;
    await onDisk(async () => this.handle?.writeFile(chunk));
  }

  /** HTTP sees a body that is too short itself; a proxy that re-frames the answer does not. */
  checkLength(request: ApiRequest, announced: string | undefined): void {
    if (announced !== undefined && Number(announced) !== this.size)
      throw new AppError({
        code: 'body_truncated',
        class: 'transient',
        message: `GET ${request.route}: the file is not as long as announced.`,
        scope: 'instance',
      });
  }

  async finish(): Promise<DownloadedFile> {
    await onDisk(async () => {
      await this.handle?.sync();
      await this.handle?.close();
    });
    this.handle = null;
    return { size: this.size, md5: this.md5.digest('hex'), sha256: this.sha256.digest('hex') };
  }

  async discard(): Promise<void> {
    const handle = this.handle;
    if (handle === null) return;
    this.handle = null;
    await handle.close().catch(() => undefined);
    await rm(this.path, { force: true }).catch(() => undefined);
  }
}

async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskError(error);
  }
}

export function diskError(error: unknown): AppError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new AppError({
      code: 'disk_full',
      class: 'transient',
      message: 'There is no space left for the file on this controller.',
      hint: 'Free space in the scratch directory; file work goes on by itself.',
      scope: 'instance',
    });
  return new AppError({
    code: 'disk_error',
    class: 'config',
    message: `The file could not be read or written on this controller (${code}).`,
    hint: 'Check that the scratch directory exists and may be written.',
    scope: 'instance',
  });
}
