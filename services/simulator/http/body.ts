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
  if (type === 'multipart/form-data') return readForm(request, blobs);
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

function readForm(request: IncomingMessage, blobs: BlobStore): Promise<Body> {
  const fields = new Map<string, string[]>();
  const pending: Promise<UploadedFile>[] = [];
  let textBytes = 0;
  return new Promise((resolve, reject) => {
    const headers = { ...request.headers, 'content-type': request.headers['content-type'] ?? '' };
    const parser = new Busboy({ headers, preservePath: true, limits: { fieldSize: MAX_TEXT_BYTES + 1 } });
    parser.on('field', (name: string, value: string) => {
      textBytes += Buffer.byteLength(value);
      fields.set(name, [...(fields.get(name) ?? []), value]);
    });
    parser.on('file', (field: string, stream: Readable, name: string) => {
      const file = blobs.receive(stream).then((blob) => ({ field, name, blob }));
      file.catch(() => undefined);
      pending.push(file);
    });
    parser.on('error', () => reject(detail(400, 'Multipart form parse error - Invalid boundary in multipart: None')));
    // A request cut in the body leaves nothing behind (paperless-api.md 16).
    request.on('aborted', () => reject(new Error('request aborted')));
    parser.on('finish', () => {
      if (textBytes > MAX_TEXT_BYTES) reject(new HttpError(text('<h1>Bad Request (400)</h1>', 400)));
      else Promise.all(pending).then((files) => resolve({ kind: 'form', fields, files }), reject);
    });
    request.pipe(parser);
  });
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
