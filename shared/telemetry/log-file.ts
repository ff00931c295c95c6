import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const MEGABYTE = 1024 * 1024;

/**
 * Ten megabytes, then the next file; file.1 is the newest of the old ones and file.4 the last, five files in all (O3).
 * Writing is synchronous: what was logged before a crash is there. A full disk loses log lines, never the program.
 */
export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #files: number;
  #fd: number;
  #size: number;

  constructor(path: string, maxBytes = 10 * MEGABYTE, files = 5) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#files = files;
    mkdirSync(dirname(path), { recursive: true });
    this.#fd = openSync(path, 'a', 0o640);
    this.#size = fstatSync(this.#fd).size;
  }

  write(line: string): void {
    try {
      const bytes = Buffer.from(line);
      if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) this.#rotate();
      this.#size += writeSync(this.#fd, bytes);
    } catch {
      // Standard output has the line as well.
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #rotate(): void {
    rmSync(this.#name(this.#files - 1), { force: true });
    for (let index = this.#files - 2; index >= 0; index--)
      try {
        renameSync(this.#name(index), this.#name(index + 1));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    closeSync(this.#fd);
    this.#fd = openSync(this.#path, 'a', 0o640);
    this.#size = 0;
  }

  #name(index: number): string {
    return index === 0 ? this.#path : `${this.#path}.${index}`;
  }
}
