import pg from 'pg';
import { delay, SECOND } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import type { RequestSlots } from '../kernel/limits.ts';

/** First key of every slot's advisory lock; the second is `target * 64 + slot` (protocol H12). */
const SLOT_CLASS = 0x70_6e_67_73;
const SLOTS_PER_TARGET = 64;
const CHANNEL = 'pngx_slot_free';

/** Which database session holds this process's slots: whoever declares the process dead ends that session. */
export interface SlotSession {
  readonly pid: number;
  /** As PostgreSQL prints it, with microseconds: compare it in SQL, a Date would cut it. */
  readonly backendStart: string;
}

export interface SlotOptions {
  readonly url: string;
  readonly defaultLimit?: number;
  /** A slot may be passed on inside a process for this long; then the other processes get their chance. */
  readonly handOffMs?: number;
  /** Calls beyond this many waiting for one target are refused; somebody upstream has lost control. */
  readonly maxWaiting?: number;
  /** Called after each (re)connect and awaited before the first slot is taken in that session. */
  readonly onSession?: (session: SlotSession) => Promise<void> | void;
  readonly onError?: (error: Error) => void;
}

interface Lease {
  readonly slot: number;
  /** Of the session that took the lock; a lock of an earlier session is gone already. */
  readonly epoch: number;
  /** When this process got the slot; kept when the slot is passed on. */
  readonly takenAt: number;
  readonly lost: AbortController;
}

interface Waiter {
  grant(lease: Lease): void;
  fail(error: Error): void;
}

interface Target {
  readonly id: number;
  limit: number;
  readonly held: Map<number, Lease>;
  readonly waiters: Waiter[];
  pumping: boolean;
  wake: () => void;
}

function slotLost(cause: unknown): AppError {
  return new AppError({
    code: 'slot_lost',
    class: 'transient',
    scope: 'instance',
    message: 'The request slot was lost with its database session.',
    cause,
  });
}

/**
 * At most N open requests to one instance over all processes (E14). A slot is an advisory lock on one session of this
 * process: it is exact, has no clock and no expiry, and is free the moment its process dies. Measured against leases in a
 * table or in Redis it was as fast, and much better than giving each process a share.
 */
export class AdvisorySlots implements RequestSlots {
  readonly #options: SlotOptions;
  readonly #targets = new Map<number, Target>();
  #client: pg.Client | undefined;
  #connecting: Promise<pg.Client> | undefined;
  #epoch = 0;
  #closed = false;
  /** One query after the other; the driver's next major version refuses overlapping ones. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /** Takes effect at once; slots above a lowered limit are given back when their requests end. */
  setLimit(target: number, limit: number): void {
    if (!Number.isInteger(limit) || limit < 1 || limit > SLOTS_PER_TARGET)
      throw new AppError({
        code: 'internal_error',
        class: 'internal',
        message: `A slot limit must be 1 to ${SLOTS_PER_TARGET}.`,
      });
    const found = this.#target(target);
    found.limit = limit;
    found.wake();
  }

  async run<T>(target: number, work: (lost: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const found = this.#target(target);
    const lease = await this.#acquire(found, signal);
    try {
      return await work(lease.lost.signal);
    } finally {
      this.#release(found, lease);
    }
  }

  /** Open requests of this process to one target. */
  held(target: number): number {
    return this.#target(target).held.size;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const closed = new AppError({ code: 'cancelled', class: 'cancelled', message: 'The process is stopping.' });
    for (const target of this.#targets.values()) {
      for (const waiter of target.waiters.splice(0)) waiter.fail(closed);
      target.wake();
    }
    await this.#connecting?.catch(() => undefined);
    await this.#client?.end().catch(() => undefined);
  }

  #target(id: number): Target {
    let found = this.#targets.get(id);
    if (found === undefined) {
      found = {
        id,
        limit: this.#options.defaultLimit ?? 4,
        held: new Map(),
        waiters: [],
        pumping: false,
        wake: () => undefined,
      };
      this.#targets.set(id, found);
    }
    return found;
  }

  #acquire(target: Target, signal: AbortSignal | undefined): Promise<Lease> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      if (this.#closed || target.waiters.length >= (this.#options.maxWaiting ?? 10_000))
        return reject(
          new AppError({
            code: 'slots_exhausted',
            class: 'transient',
            scope: 'instance',
            message: 'Too many requests wait for this instance.',
          }),
        );
      const stop = () => {
        const index = target.waiters.indexOf(waiter);
        if (index >= 0) target.waiters.splice(index, 1);
        reject(signal?.reason as Error);
      };
      const settle = () => signal?.removeEventListener('abort', stop);
      const waiter: Waiter = {
        grant: (lease) => {
          settle();
          resolve(lease);
        },
        fail: (error) => {
          settle();
          reject(error);
        },
      };
      signal?.addEventListener('abort', stop, { once: true });
      target.waiters.push(waiter);
      target.wake();
      void this.#pump(target);
    });
  }

  #grant(target: Target, slot: number, takenAt: number): boolean {
    const waiter = target.waiters.shift();
    if (waiter === undefined) return false;
    const lease: Lease = { slot, takenAt, epoch: this.#epoch, lost: new AbortController() };
    target.held.set(slot, lease);
    waiter.grant(lease);
    return true;
  }

  #release(target: Target, lease: Lease): void {
    // The session died meanwhile: its locks are gone, and the number may belong to a new lease already.
    if (lease.epoch !== this.#epoch || target.held.get(lease.slot) !== lease) return;
    target.held.delete(lease.slot);
    const mayPassOn = performance.now() - lease.takenAt < (this.#options.handOffMs ?? 250) && lease.slot < target.limit;
    if (mayPassOn && this.#grant(target, lease.slot, lease.takenAt)) return;
    void this.#unlock(target, lease.slot).then(() => target.wake());
  }

  /** One loop a target; it ends when nobody waits. */
  async #pump(target: Target): Promise<void> {
    if (target.pumping) return;
    target.pumping = true;
    let wait = 2;
    while (target.waiters.length > 0 && !this.#closed) {
      const want = Math.min(target.waiters.length, target.limit - target.held.size);
      const slots = want > 0 ? await this.#lock(target, want) : [];
      const now = performance.now();
      const spare = (slots ?? []).filter((slot) => !this.#grant(target, slot, now));
      for (const slot of spare) await this.#unlock(target, slot);
      if (slots !== undefined && slots.length > 0) {
        wait = 2;
        continue;
      }
      // Without a free slot of our own limit only a release of ours helps, and that wakes us.
      await this.#pause(target, slots === undefined ? 500 : want > 0 ? wait + Math.random() * wait : SECOND);
      wait = Math.min(wait * 2, 64);
    }
    target.pumping = false;
  }

  async #pause(target: Target, ms: number): Promise<void> {
    const timer = new AbortController();
    target.wake = () => timer.abort(new Error('woken'));
    await delay(ms, timer.signal).catch(() => undefined);
    target.wake = () => undefined;
  }

  /** undefined: the database is away, try again later. Locks are re-entrant, so held slots must not be asked for again. */
  async #lock(target: Target, want: number): Promise<number[] | undefined> {
    const free = Array.from({ length: target.limit }, (_, slot) => slot).filter((slot) => !target.held.has(slot));
    // In another order each time, else all processes fight for the first one.
    const keys = free.sort(() => Math.random() - 0.5).map((slot) => target.id * SLOTS_PER_TARGET + slot);
    try {
      const client = await this.#connected();
      const epoch = this.#epoch;
      const found = await this.#query<{ key: number }>(
        client,
        'select key from unnest($2::int[]) key where pg_try_advisory_lock($1, key) limit $3',
        [SLOT_CLASS, keys, want],
      );
      return epoch === this.#epoch ? found.map(({ key }) => key - target.id * SLOTS_PER_TARGET) : undefined;
    } catch (error) {
      if (!this.#closed) this.#options.onError?.(error as Error);
      return undefined;
    }
  }

  async #unlock(target: Target, slot: number): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    const key = target.id * SLOTS_PER_TARGET + slot;
    // A failure means that the session is dying, which frees the lock as well.
    await this.#query(client, `select pg_advisory_unlock($1, $2), pg_notify('${CHANNEL}', $3)`, [
      SLOT_CLASS,
      key,
      String(target.id),
    ]).catch(() => undefined);
  }

  #query<R extends pg.QueryResultRow>(client: pg.Client, text: string, values: unknown[]): Promise<R[]> {
    const result = this.#queue.then(() => client.query<R>(text, values)).then(({ rows }) => rows);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  #connected(): Promise<pg.Client> {
    if (this.#client !== undefined) return Promise.resolve(this.#client);
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: 'pngx-controller slots',
      keepAlive: true,
      connectionTimeoutMillis: 10 * SECOND,
    });
    client.on('error', (error) => this.#lose(client, error));
    client.on('end', () => this.#lose(client, undefined));
    client.on('notification', ({ payload }) => this.#targets.get(Number(payload))?.wake());
    await client.connect();
    try {
      await client.query(`listen ${CHANNEL}`);
      const found = await client.query<SlotSession>(
        `select pid, backend_start::text as "backendStart" from pg_stat_activity where pid = pg_backend_pid()`,
      );
      if (found.rows[0] !== undefined) await this.#options.onSession?.(found.rows[0]);
      if (this.#closed) throw slotLost(undefined);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    this.#epoch++;
    this.#client = client;
    return client;
  }

  /** The session died, and every lock with it: others may take the slots now, so our requests have to end. */
  #lose(client: pg.Client, cause: Error | undefined): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#epoch++;
    if (cause !== undefined) this.#options.onError?.(cause);
    void client.end().catch(() => undefined);
    for (const target of this.#targets.values()) {
      const leases = [...target.held.values()];
      target.held.clear();
      for (const lease of leases) lease.lost.abort(slotLost(cause));
      target.wake();
    }
  }
}
