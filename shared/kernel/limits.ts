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
