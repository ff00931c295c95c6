import pg from 'pg';
import { delay, SECOND } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import type { RequestSlots } from '../kernel/limits.ts';

/** First key of every slot's advisory lock; the second is `target * 64 + slot` (protocol H12). */
const SLOT_CLASS = 0x70_6e_67_73;
const SLOTS_PER_TARGET = 64;
const CHANNEL = 'pngx_slot_free';
/** What a process had sent when it died may be open at the instance for a while: so long its slots stay empty (H12). */
const GRACE_MS = 5 * SECOND;
/** The next request of this process mostly comes before its slot could be given back and taken anew: two statements less. */
const KEEP_MS = 30;

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
  /** Nobody takes a slot for this long after its holder was found to have died with it. */
  readonly graceMs?: number;
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

/** Still locked by this process, with no request in it. */
interface Spare {
  readonly takenAt: number;
  readonly timer: NodeJS.Timeout;
}

interface Target {
  readonly id: number;
  limit: number;
  readonly held: Map<number, Lease>;
  readonly spare: Map<number, Spare>;
  readonly waiters: Waiter[];
  pumping: boolean;
  wake: () => void;
}

interface Taken {
  readonly slot_key: number;
  /** Otherwise it was given back by the statement itself: its last holder died with it a moment ago. */
  readonly ours: boolean;
}

/**
 * $1 class of the locks, $2 keys to try, $3 how many at most, $4 the grace in ms. First the lock, then its row: only the
 * holder of the lock changes the row, and whoever gave it back has it locked until that is visible.
 */
const TAKE = `
  with resting as materialized (
    select slot_key from request_slots where slot_key = any ($2::int[]) and held and waits_until > clock_timestamp()
  ), wanted as materialized (
    select key from unnest($2::int[]) key where key not in (select slot_key from resting)
  ), locked as materialized (
    select key from wanted where pg_try_advisory_lock($1, key) limit $3
  ), noted as (
    insert into request_slots as s (slot_key, held) select key, true from locked
    on conflict (slot_key) do update set held = true, waits_until = case
        when not s.held or s.waits_until <= clock_timestamp() then null
        else coalesce(s.waits_until, clock_timestamp() + make_interval(secs => $4 / 1000.0)) end
    returning slot_key, waits_until is null as ours
  )
  select slot_key, ours, case when not ours then pg_advisory_unlock($1, slot_key) end from noted`;

/** $1 and $2 the lock, $3 the target. The row first: who takes the lock next waits for it. */
const GIVE_BACK = `
  with noted as (
    insert into request_slots (slot_key, held) values ($2::int, false)
    on conflict (slot_key) do update set held = false, waits_until = null
    returning slot_key
  )
  select pg_advisory_unlock($1, slot_key), pg_notify('${CHANNEL}', $3) from noted`;

/** For whoever has to know what the runtime role needs. */
export const SLOT_STATEMENTS: readonly string[] = [TAKE, GIVE_BACK];

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
 * process: it is exact, has no clock and no expiry, and is lost the moment its process dies. A row says whether the last
 * holder gave it back in order, else it rests for the grace (H12). Measured against leases in a table or in Redis the locks
 * were as fast, and much better than giving each process a share.
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
    this.#forgetSpare();
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
        spare: new Map(),
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
      this.#useSpare(target);
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
    if (!mayPassOn) void this.#unlock(target, lease.slot).then(() => target.wake());
    else if (!this.#grant(target, lease.slot, lease.takenAt)) this.#keep(target, lease);
  }

  #keep(target: Target, { slot, takenAt }: Lease): void {
    const timer = setTimeout(() => {
      target.spare.delete(slot);
      void this.#unlock(target, slot).then(() => target.wake());
    }, KEEP_MS);
    target.spare.set(slot, { takenAt, timer });
  }

  #useSpare(target: Target): void {
    const [first] = target.spare;
    if (first === undefined) return;
    const [slot, { takenAt, timer }] = first;
    clearTimeout(timer);
    target.spare.delete(slot);
    this.#grant(target, slot, takenAt);
  }

  #forgetSpare(): void {
    for (const { spare } of this.#targets.values()) {
      for (const { timer } of spare.values()) clearTimeout(timer);
      spare.clear();
    }
  }

  /** One loop a target; it ends when nobody waits. */
  async #pump(target: Target): Promise<void> {
    if (target.pumping) return;
    target.pumping = true;
    let wait = 2;
    while (target.waiters.length > 0 && !this.#closed) {
      const want = Math.min(target.waiters.length, target.limit - target.held.size - target.spare.size);
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
    const free = Array.from({ length: target.limit }, (_, slot) => slot).filter(
      (slot) => !target.held.has(slot) && !target.spare.has(slot),
    );
    // In another order each time, else all processes fight for the first one.
    const keys = free.sort(() => Math.random() - 0.5).map((slot) => target.id * SLOTS_PER_TARGET + slot);
    const client = await this.#connected().catch((error: Error) => this.#tell(error));
    if (client === undefined) return undefined;
    const epoch = this.#epoch;
    try {
      const got = await this.#query<Taken>(client, TAKE, [SLOT_CLASS, keys, want, this.#options.graceMs ?? GRACE_MS]);
      const taken = got.filter(({ ours }) => ours).map(({ slot_key: key }) => key - target.id * SLOTS_PER_TARGET);
      return epoch === this.#epoch ? taken : undefined;
    } catch (error) {
      // A lock outlives the statement that took it: whether we have one now only the end of the session settles.
      this.#lose(client, error as Error);
      return undefined;
    }
  }

  #tell(error: Error): undefined {
    if (!this.#closed) this.#options.onError?.(error);
  }

  async #unlock(target: Target, slot: number): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    const key = target.id * SLOTS_PER_TARGET + slot;
    // Whether it is still locked only the end of the session settles; one that is dying anyway has ended already.
    await this.#query(client, GIVE_BACK, [SLOT_CLASS, key, String(target.id)]).catch((error: Error) =>
      this.#lose(client, error),
    );
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
      // Its few writes need not wait for the disk: lost with the server, they leave a slot at rest, or at hand too early.
      await client.query(`set synchronous_commit = off; listen ${CHANNEL}`);
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
    if (cause !== undefined) this.#tell(cause);
    void client.end().catch(() => undefined);
    this.#forgetSpare();
    for (const target of this.#targets.values()) {
      const leases = [...target.held.values()];
      target.held.clear();
      for (const lease of leases) lease.lost.abort(slotLost(cause));
      target.wake();
    }
  }
}
