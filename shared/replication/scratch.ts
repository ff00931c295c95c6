/**
 * Files on their way from master to replicas (E8). One download serves all replicas of a process; the size is capped; the
 * folder is emptied at start, so nothing in it is ever trusted after a crash.
 */
import { mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../kernel/errors.ts';
import type { DownloadedFile } from '../paperless/api.ts';

const RESERVE = 512 * 1024 * 1024;

export interface ScratchFile extends DownloadedFile {
  readonly path: string;
}
export interface LentFile {
  readonly file: ScratchFile;
  /** True where this call caused the download. */
  readonly fetched: boolean;
  giveBack(): void;
}

interface Entry {
  readonly file: Promise<ScratchFile>;
  lent: number;
  size: number;
  usedAt: number;
}

export class Scratch {
  readonly #dir: string;
  readonly #capBytes: number;
  readonly #entries = new Map<string, Entry>();
  #counter = 0;

  private constructor(dir: string, capBytes: number) {
    this.#dir = dir;
    this.#capBytes = capBytes;
  }

  /** Empties `dir` (made 0700) and uses it; every process needs a folder of its own. */
  static async open(dir: string, capBytes = 2 * 1024 ** 3): Promise<Scratch> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    for (const name of await readdir(dir)) await rm(join(dir, name), { recursive: true, force: true });
    return new Scratch(dir, capBytes);
  }

  /** The file under `key` (document and checksum), downloading it once however many ask. */
  async lend(
    key: string,
    sizeHint: number | null,
    download: (path: string) => Promise<DownloadedFile>,
  ): Promise<LentFile> {
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

  #start(key: string, sizeHint: number | null, download: (path: string) => Promise<DownloadedFile>): Entry {
    const path = join(this.#dir, `${process.pid}-${++this.#counter}.part`);
    const fetch = async (): Promise<ScratchFile> => {
      await this.#needRoom(sizeHint ?? 0);
      try {
        return { ...(await download(path)), path };
      } catch (error) {
        await rm(path, { force: true });
        throw error;
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

  async #needRoom(size: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#dir);
    if (bavail * bsize >= size + RESERVE) return;
    throw new AppError({
      code: 'disk_full',
      class: 'transient',
      scope: 'instance',
      message: 'The scratch folder has too little room for the next file.',
      hint: 'Free space under SCRATCH_DIR, or point it to a larger disk. File work waits until then.',
    });
  }
}
