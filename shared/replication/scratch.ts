/**
 * Files on their way from master to replicas (E8). One download serves all replicas of a process; the size is capped; the
 * folder is emptied at start, so nothing in it is ever trusted after a crash.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../kernel/errors.ts';
import type { DownloadedFile, RoomCheck } from '../paperless/api.ts';
import { ScratchRoom, type RoomOptions } from './scratch-room.ts';

export interface ScratchFile extends DownloadedFile {
  readonly path: string;
}
export interface LentFile {
  readonly file: ScratchFile;
  /** True where this call caused the download. */
  readonly fetched: boolean;
  giveBack(): void;
}

export interface ScratchOptions extends RoomOptions {
  /** Files that nobody borrows are kept up to this. */
  readonly capBytes?: number;
}
/** Given where to write, and what to ask once the size is known. */
export type Download = (path: string, room: RoomCheck) => Promise<DownloadedFile>;

interface Entry {
  readonly file: Promise<ScratchFile>;
  lent: number;
  size: number;
  usedAt: number;
}

export class Scratch {
  readonly #dir: string;
  readonly #capBytes: number;
  readonly #room: ScratchRoom;
  readonly #entries = new Map<string, Entry>();
  #counter = 0;

  private constructor(dir: string, options: ScratchOptions) {
    this.#dir = dir;
    this.#capBytes = options.capBytes ?? 2 * 1024 ** 3;
    this.#room = new ScratchRoom(dir, options);
  }

  /** Empties `dir` (made 0700) and uses it; every process needs a folder of its own. */
  static async open(dir: string, options: ScratchOptions = {}): Promise<Scratch> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    for (const name of await readdir(dir)) await rm(join(dir, name), { recursive: true, force: true });
    return new Scratch(dir, options);
  }

  /** No file is fetched just now: the disk has too little room. */
  get isFull(): boolean {
    return this.#room.isFull;
  }

  recheck(): Promise<void> {
    return this.#room.recheck();
  }

  /** The file under `key` (document and checksum), downloading it once however many ask. */
  async lend(key: string, sizeHint: number | null, download: Download): Promise<LentFile> {
    const known = this.#entries.get(key);
    const entry = known ?? this.#start(key, sizeHint, download);
    entry.lent += 1;
    entry.usedAt = ++this.#counter;
    try {
      const file = await entry.file;
      entry.size = file.size;
      return { file, fetched: known === undefined, giveBack: () => this.#giveBack(entry) };
    } catch (error) {
      this.#entries.delete(key);
      throw error;
    }
  }

  /** Forgets a file whose bytes turned out not to be the wanted ones. */
  async discard(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    const file = await entry?.file.catch(() => undefined);
    if (file) await rm(file.path, { force: true });
  }

  #start(key: string, sizeHint: number | null, download: Download): Entry {
    const path = join(this.#dir, `${process.pid}-${++this.#counter}.part`);
    const fetch = async (): Promise<ScratchFile> => {
      const owner = {};
      try {
        await this.#room.reserve(owner, sizeHint ?? 0);
        return { ...(await download(path, (bytes) => this.#room.reserve(owner, bytes))), path };
      } catch (error) {
        if (error instanceof AppError && error.code === 'disk_full') this.#room.noteFull(sizeHint ?? 0);
        await rm(path, { force: true });
        throw error;
      } finally {
        this.#room.release(owner);
      }
    };
    const entry: Entry = { file: fetch(), lent: 0, size: sizeHint ?? 0, usedAt: this.#counter };
    entry.file.catch(() => undefined);
    this.#entries.set(key, entry);
    return entry;
  }

  #giveBack(entry: Entry): void {
    entry.lent -= 1;
    let total = [...this.#entries.values()].reduce((sum, one) => sum + one.size, 0);
    const idle = [...this.#entries].filter(([, one]) => one.lent === 0).sort(([, a], [, b]) => a.usedAt - b.usedAt);
    // Small files are kept for the other replicas; the oldest go first once the cap is passed.
    for (const [key, one] of idle) {
      if (total <= this.#capBytes && this.#entries.size <= 1000) break;
      total -= one.size;
      void this.discard(key);
    }
  }
}
