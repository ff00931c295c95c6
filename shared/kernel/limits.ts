/**
 * Port: at most N open requests to one instance, counted over all processes (E14). `target` is 0 for the master and the
 * replica's id otherwise. The signal handed to `work` aborts when the slot is lost (the database connection died).
 */
export interface RequestSlots {
  run<T>(target: number, work: (lost: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/**
 * Port: a write to an instance may only start, and each chunk of its body may only be sent, while this process is
 * provably alive in the eyes of the others (protocol section 2, point 5).
 */
export interface WriteGuard {
  /** Throws `worker_fenced` when the last acknowledged beat is 10 s old or older. */
  assertAlive(): void;
  /** Aborts when this process was declared dead or could not beat. */
  readonly fenced: AbortSignal;
}

/**
 * Port: what an instance allows beyond open requests, counted over all processes: requests a minute and file bytes a second
 * (E8, E14), and nothing while it asked to be left alone. `target` as above.
 */
export interface Pace {
  /** Resolves when one more request may leave; throws `rate_limited` when that is too far away to wait for inside a job. */
  request(target: number, signal?: AbortSignal): Promise<void>;
  /** Resolves when so many more file bytes may pass. */
  bytes(target: number, count: number, signal?: AbortSignal): Promise<void>;
  /** The instance answered 429: nobody asks it again for so long. */
  refused(target: number, ms: number): void;
  /** What a request that were made now would wait for at least. */
  waitMs(target: number): number;
}
