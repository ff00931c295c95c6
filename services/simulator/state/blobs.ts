/**
 * Bytes of files. Small ones live in memory as long as nobody asks for a data directory; a bench of many small documents
 * would measure the disk otherwise.
 */

import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

/** Stored bytes with both hashes, so that a library can be read by either generation. */
export interface Blob {
  readonly size: number;
  readonly md5: string;
  readonly sha256: string;
  /** Name in the blob directory, or null while the bytes are in memory. */
  readonly name: string | null;
  readonly bytes: Buffer | null;
}

/** Files above this size are kept on disk: a file of 1 GiB must not be a buffer of 1 GiB. */
const IN_MEMORY_LIMIT = 1 << 20;

export class BlobStore {
  #directory: string | null;
  readonly #temporary: boolean;
  #keeps = false;

  /** Without a directory small files stay in memory and large ones go to a temporary directory that `close` removes. */
  constructor(directory: string | null) {
    this.#directory = directory;
    this.#temporary = directory === null;
    if (directory) mkdirSync(directory, { recursive: true });
  }

  put(bytes: Buffer): Blob {
    const blob = {
      size: bytes.length,
      md5: createHash('md5').update(bytes).digest('hex'),
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
    if (this.#temporary) return { ...blob, name: null, bytes };
    const name = randomUUID();
    writeFileSync(this.#path(name), bytes);
    return { ...blob, name, bytes: null };
  }

  /** Takes a stream of any length; what lies in memory stays below the limit whatever arrives. */
  async receive(source: Readable): Promise<Blob> {
    const md5 = createHash('md5');
    const sha256 = createHash('sha256');
    const head: Buffer[] = [];
    let size = 0;
    let name: string | null = null;
    let sink: ReturnType<typeof createWriteStream> | null = null;
    let isWhole = false;
    try {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        md5.update(chunk);
        sha256.update(chunk);
        size += chunk.length;
        if (sink === null && (size > IN_MEMORY_LIMIT || !this.#temporary)) {
          name = randomUUID();
          sink = createWriteStream(this.#path(name));
          for (const part of head.splice(0)) sink.write(part);
        }
        if (sink === null) head.push(chunk);
        else if (!sink.write(chunk)) await once(sink, 'drain');
      }
      isWhole = true;
    } finally {
      if (sink) {
        sink.end();
        await once(sink, 'close');
      }
      if (name !== null && !isWhole) await rm(this.#path(name), { force: true });
    }
    const bytes = name === null && this.#temporary ? Buffer.concat(head) : null;
    if (name === null && bytes === null) return this.put(Buffer.alloc(0));
    return { size, md5: md5.digest('hex'), sha256: sha256.digest('hex'), name, bytes };
  }

  async read(blob: Blob, length = blob.size): Promise<Buffer> {
    if (blob.bytes) return blob.bytes.subarray(0, length);
    if (length >= blob.size) return readFile(this.#path(blob.name as string));
    const file = await open(this.#path(blob.name as string));
    try {
      const buffer = Buffer.alloc(length);
      const { bytesRead } = await file.read(buffer, 0, length, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  stream(blob: Blob): Readable {
    return blob.bytes ? Readable.from([blob.bytes]) : createReadStream(this.#path(blob.name as string));
  }

  /** From now on nothing is deleted: a backup names files that the instance itself may do without. */
  keepRemoved(): void {
    this.#keeps = true;
  }

  async remove(blob: Blob): Promise<void> {
    if (blob.name && !this.#keeps) await rm(this.#path(blob.name), { force: true });
  }

  close(): void {
    if (this.#temporary && this.#directory) rmSync(this.#directory, { recursive: true, force: true });
  }

  #path(name: string): string {
    this.#directory ??= mkdtempSync(join(tmpdir(), 'paperless-simulator-'));
    return join(this.#directory, name);
  }
}
