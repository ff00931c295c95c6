/** One message of the broker. */
export interface Job {
  readonly name: string;
  /** Called when a worker takes it; what it awaits is the work that takes time. */
  readonly run: (delivery: Delivery) => Promise<void> | void;
}

/** One run of a message; a worker that was killed must not store what its run still computes. */
export interface Delivery {
  isAlive: boolean;
}

/** Messages a worker process keeps beyond the one it runs (paperless-api.md 16). */
const PREFETCH = 4;

/**
 * The broker and its workers: jobs run in order, as many at once as there are workers. A worker reserves messages ahead,
 * which is why a killed one takes more down with it than what it was running.
 */
export class WorkQueue {
  readonly #waiting: Job[] = [];
  readonly #reserved: Job[] = [];
  #lost: Job[] = [];
  readonly #running = new Set<Delivery>();
  readonly #workers: number;
  #paused = false;
  #scheduled = false;
  #idle: (() => void)[] = [];

  constructor(workers: number) {
    this.#workers = workers;
  }

  add(job: Job): void {
    this.#waiting.push(job);
    this.#wake();
  }

  /** Jobs that wait or run; lost ones do not count, nothing will ever end them. */
  get depth(): number {
    return this.#waiting.length + this.#reserved.length + this.#running.size;
  }

  idle(): Promise<void> {
    if (this.depth === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake();
  }

  /** The broker loses what no worker has reserved: those tasks stay PENDING for ever. */
  wipe(): number {
    return this.#waiting.splice(0).length;
  }

  /** Kill -9: the running messages are lost, the reserved ones are out of reach until they have aged. */
  killWorkers(): number {
    const lost = this.#running.size;
    for (const delivery of this.#running) delivery.isAlive = false;
    this.#running.clear();
    this.#lost.push(...this.#reserved.splice(0));
    this.#wake();
    this.#settle();
    return lost;
  }

  /** The visibility timeout has passed: reserved messages of dead workers come back, in another order. */
  age(): number {
    const back = this.#lost.reverse();
    this.#lost = [];
    for (const job of back) this.add(job);
    return back.length;
  }

  #wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // Never in the call that queued it: a change must be visible before the bump that follows it (paperless-api.md 2.6).
    setImmediate(() => {
      this.#scheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    if (this.#paused) return;
    while (this.#running.size < this.#workers) {
      const job = this.#reserved.shift() ?? this.#waiting.shift();
      if (!job) break;
      void this.#run(job);
    }
    while (this.#reserved.length < PREFETCH * this.#workers && this.#waiting.length > 0) {
      this.#reserved.push(this.#waiting.shift() as Job);
    }
    this.#settle();
  }

  async #run(job: Job): Promise<void> {
    const delivery: Delivery = { isAlive: true };
    this.#running.add(delivery);
    try {
      await job.run(delivery);
    } finally {
      this.#running.delete(delivery);
      if (this.#waiting.length + this.#reserved.length > 0) this.#wake();
      this.#settle();
    }
  }

  #settle(): void {
    if (this.depth > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
