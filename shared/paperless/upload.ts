/** Sending a file: streamed from disk, hashed again on the way (H25), framed by Content-Length. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { FormDataEncoder } from 'form-data-encoder';
import { AppError } from '../kernel/errors.ts';
import type { PaperlessWriter, UploadRequest } from './api.ts';
import { bodyChanged } from './body.ts';
import type { BodySource } from './body.ts';
import { diskError } from './files.ts';
import { parseAs, serverDateOf } from './http.ts';
import type { ApiRequest, Http } from './http.ts';
import * as wire from './wire.ts';

const CHUNK = 256 * 1024;

export function uploadWrites(http: Http): Pick<PaperlessWriter, 'upload'> {
  return {
    async upload(upload, signal) {
      const request: ApiRequest = {
        method: 'POST',
        route: '/api/documents/post_document/',
        purpose: 'create',
        body: multipart(upload),
        file: true,
        signal,
      };
      return await http.write(request, (answer) => ({
        taskId: parseAs(request, answer, wire.taskId),
        serverDate: serverDateOf(request, answer),
      }));
    },
  };
}

function multipart(upload: UploadRequest): BodySource {
  const fields: [string, string][] = [
    ['title', upload.title],
    // a bare date: a time would be shifted into the instance's zone
    ['created', upload.created],
  ];
  if (upload.asn !== null) fields.push(['archive_serial_number', String(upload.asn)]);
  return fileForm(fields, upload);
}

export type FileToSend = Pick<UploadRequest, 'path' | 'size' | 'md5' | 'sha256' | 'fileName'>;

/** A body of unknown length would be sent in chunks, which Django may read as empty: sizes are told beforehand. */
export function fileForm(fields: readonly (readonly [string, string])[], upload: FileToSend): BodySource {
  const file = {
    name: upload.fileName,
    type: 'application/octet-stream', // paperless looks at the bytes, not at this (paperless-api.md 4)
    size: upload.size,
    lastModified: 0,
    stream: () => checkedBytes(upload),
    [Symbol.toStringTag]: 'File',
  };
  // Last, so that the closing boundary, without which nothing is accepted, follows the comparison of the hashes.
  const entries: (readonly [string, string | typeof file])[] = [...fields, ['document', file]];
  const encoder = new FormDataEncoder(formOf(entries));
  return {
    type: encoder.contentType,
    length: Number(encoder.contentLength),
    bytes: () => encoder.encode() as AsyncIterable<Uint8Array>,
  };
}

/** The least that the encoder asks of a form; node's own copies files into memory. */
function formOf<T>(entries: readonly (readonly [string, T])[]) {
  return {
    append: () => undefined,
    getAll: (name: string) => entries.filter(([key]) => key === name).map(([, value]) => value),
    entries: () => entries.values() as IterableIterator<[string, T]>,
    [Symbol.iterator]: () => entries.values() as IterableIterator<[string, T]>,
    [Symbol.toStringTag]: 'FormData',
  };
}

/** A cached file may have been cut by a kill, so what leaves is compared and not what was once stored. */
async function* checkedBytes(upload: FileToSend): AsyncGenerator<Uint8Array> {
  const md5 = createHash('md5');
  const sha256 = createHash('sha256');
  const handle = await open(upload.path, 'r').catch((error: unknown) => {
    throw diskError(error);
  });
  try {
    let sent = 0;
    for await (const chunk of handle.createReadStream({ highWaterMark: CHUNK, autoClose: false })) {
      const bytes = chunk as Uint8Array;
      sent += bytes.length;
      if (sent > upload.size) throw bodyChanged();
      md5.update(bytes);
      sha256.update(bytes);
      yield bytes;
    }
    const same = md5.digest('hex') === upload.md5.toLowerCase() && sha256.digest('hex') === upload.sha256.toLowerCase();
    if (sent !== upload.size || !same) throw bodyChanged();
  } catch (error) {
    throw error instanceof AppError ? error : diskError(error);
  } finally {
    await handle.close();
  }
}
