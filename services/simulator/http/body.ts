/**
 * Bodies of requests. An upload of a gigabyte goes to disk while it is hashed; a form is only handed on when it is whole.
 */

import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';
import type { Blob, BlobStore } from '../state/blobs.ts';
import { pythonJsonError } from './python-json.ts';
import { badRequest, detail, HttpError, text } from './reply.ts';

export interface UploadedFile {
  readonly field: string;
  readonly name: string;
  readonly blob: Blob;
}

/** A body after parsing; a form keeps every value of a repeated field. */
export type Body =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'form'; readonly fields: ReadonlyMap<string, string[]>; readonly files: readonly UploadedFile[] };

/** Django's DATA_UPLOAD_MAX_MEMORY_SIZE: all text parts of a form together (paperless-api.md 4). */
const MAX_TEXT_BYTES = 2_621_440;

export async function readBody(request: IncomingMessage, blobs: BlobStore): Promise<Body> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'multipart/form-data') return new FormReader(blobs).read(request);
  const raw = await readAll(request);
  if (type === 'application/x-www-form-urlencoded') return urlEncoded(raw.toString('utf8'));
  if (type === 'application/json' || raw.length === 0) return parseJson(raw);
  throw detail(415, `Unsupported media type "${request.headers['content-type']}" in request.`);
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function parseJson(raw: Buffer): Body {
  const body = raw.toString('utf8');
  if (body === '') return { kind: 'json', value: {} };
  try {
    return { kind: 'json', value: JSON.parse(body) as unknown };
  } catch {
    throw detail(400, `JSON parse error - ${pythonJsonError(body)}`);
  }
}

function urlEncoded(body: string): Body {
  const fields = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(body)) fields.set(name, [...(fields.get(name) ?? []), value]);
  return { kind: 'form', fields, files: [] };
}

/** Collects the parts of one form as they stream in; files go straight to the store and are never held whole. */
class FormReader {
  readonly #blobs: BlobStore;
  readonly #fields = new Map<string, string[]>();
  readonly #files: Promise<UploadedFile>[] = [];
  readonly #streams: Readable[] = [];
  #textBytes = 0;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  read(request: IncomingMessage): Promise<Body> {
    return new Promise((resolve, reject) => {
      const headers = { ...request.headers, 'content-type': request.headers['content-type'] ?? '' };
      const parser = new Busboy({ headers, preservePath: true, limits: { fieldSize: MAX_TEXT_BYTES + 1 } });
      parser.on('field', (name, value) => this.#addField(name, value));
      parser.on('file', (field, stream, name) => this.#addFile(field, stream, name));
      parser.on('error', () => reject(detail(400, 'Multipart form parse error - Invalid boundary in multipart: None')));
      parser.on('finish', () => void this.#finish().then(resolve, reject));
      // A request cut in the body leaves nothing behind, not even the part of the file that came (paperless-api.md 16).
      request.on('close', () => {
        if (request.complete) return;
        for (const stream of this.#streams) stream.destroy(new Error('request aborted'));
        reject(new Error('request aborted'));
      });
      request.pipe(parser);
    });
  }

  #addField(name: string, value: string): void {
    this.#textBytes += Buffer.byteLength(value);
    this.#fields.set(name, [...(this.#fields.get(name) ?? []), value]);
  }

  #addFile(field: string, stream: Readable, name: string): void {
    const file = this.#blobs.receive(stream).then((blob) => ({ field, name, blob }));
    // Whoever waits for the form hears of a failure; without this it would also count as unhandled.
    file.catch(() => undefined);
    this.#files.push(file);
    this.#streams.push(stream);
  }

  async #finish(): Promise<Body> {
    if (this.#textBytes > MAX_TEXT_BYTES) throw new HttpError(text('<h1>Bad Request (400)</h1>', 400));
    return { kind: 'form', fields: this.#fields, files: await Promise.all(this.#files) };
  }
}

const GOT_TYPE = (value: unknown): string =>
  Array.isArray(value) ? 'list' : value === null ? 'None' : typeof value === 'string' ? 'str' : typeof value;

/** The body as an object of input fields; a form gives texts, and lists for the names in `lists`. */
export function inputObject(body: Body, lists: readonly string[] = []): Record<string, unknown> {
  if (body.kind === 'form') {
    const entries = [...body.fields].map(([name, values]) => [name, lists.includes(name) ? values : values.at(-1)]);
    return Object.fromEntries(entries) as Record<string, unknown>;
  }
  if (typeof body.value === 'object' && body.value !== null && !Array.isArray(body.value)) {
    return body.value as Record<string, unknown>;
  }
  throw badRequest({ non_field_errors: [`Invalid data. Expected a dictionary, but got ${GOT_TYPE(body.value)}.`] });
}
