/** Whether the disk of the scratch folder takes the next file; file work pauses while it does not, and goes on by itself (E8). */
import { statfs } from 'node:fs/promises';
import { AppError } from '../kernel/errors.ts';

/** Always left free: a database may live on the same disk. */
const RESERVE = 512 * 1024 * 1024;

export interface RoomOptions {
  readonly reserve?: number;
  /** Bytes that are free; tests say otherwise. */
  readonly free?: (dir: string) => Promise<number>;
  /** Called when the room runs out and when it is there again. */
  readonly onChange?: (full: boolean, hint: string) => void;
}

export class ScratchRoom {
  readonly #dir: string;
  readonly #options: RoomOptions;
  /** Files that are being written: they will take what is free now. */
  readonly #coming = new Map<object, number>();
  /** What the file that found no room needs; null: there is room. */
  #missing: number | null = null;

  constructor(dir: string, options: RoomOptions = {}) {
    this.#dir = dir;
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#missing !== null;
  }

  /** Keeps room for a file that is about to be written; throws `disk_full` if there is none. Tell its end with `release`. */
  async reserve(owner: object, bytes: number): Promise<void> {
    this.#coming.set(owner, Math.max(bytes, this.#coming.get(owner) ?? 0));
    const total = [...this.#coming.values()].reduce((sum, one) => sum + one, 0);
    if ((await this.#free()) >= total + this.#reserved) return;
    this.release(owner);
    this.noteFull(bytes);
    throw new AppError({
      code: 'disk_full',
      class: 'transient',
      scope: 'instance',
      message: 'The scratch folder has too little room for the next file.',
      hint: 'Free space under SCRATCH_DIR, or point it to a larger disk. File work waits until then.',
    });
  }

  release(owner: object): void {
    this.#coming.delete(owner);
  }

  /** The disk itself said so, in the middle of a file (another program wrote to it). */
  noteFull(bytes: number): void {
    const before = this.#missing;
    this.#missing = before === null ? bytes : Math.min(before, bytes);
    if (before === null) this.#options.onChange?.(true, `${mebibytes(bytes + this.#reserved)} MiB are needed`);
  }

  /** To be asked now and then while it is full. */
  async recheck(): Promise<void> {
    if (this.#missing === null) return;
    const free = await this.#free();
    if (this.#missing === null || free < this.#missing + this.#reserved) return;
    this.#missing = null;
    this.#options.onChange?.(false, `${mebibytes(free)} MiB are free`);
  }

  get #reserved(): number {
    return this.#options.reserve ?? RESERVE;
  }

  async #free(): Promise<number> {
    if (this.#options.free) return this.#options.free(this.#dir);
    const { bavail, bsize } = await statfs(this.#dir);
    return bavail * bsize;
  }
}

const mebibytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20);
