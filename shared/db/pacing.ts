/**
 * The pace of requests and file bytes, kept over all processes at one statement a batch (E8, E14). Requests are spaced evenly:
 * no minute, wherever it begins, sees more than the cap.
 */
import { delay, HOUR, SECOND } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import type { Pace } from '../kernel/limits.ts';
import * as repo from './pace.repo.ts';
import type { Db } from './tables.ts';

/** A change made by a person, or a rest asked for through another process, is seen within this time. */
const LIMITS_AGE_MS = 2 * SECOND;
/** A rest that is longer is left to the job engine: nothing sleeps inside a job for minutes. */
const MAX_WAIT_MS = 10 * SECOND;
/** A request that was granted may leave a little later than it should; this much of the cap pays for that. */
const MARGIN = 1.02;
/** Requests are granted for at most this long at once, bytes for half of it. */
const BATCH_MS = SECOND;

interface Target {
  readonly id: number;
  limits: repo.PaceLimits | null;
  /** On our own monotonic clock. */
  loadedAt: number;
  loading: Promise<void> | null;
  refusedUntil: number;
  /** When the last request that was granted to this process may leave. */
  grantedUntil: number;
  readonly waiting: { resolve(): void; reject(error: Error): void }[];
  granting: boolean;
  /** Bytes that were granted and not used, one caller after the other. */
  credit: number;
  turn: Promise<void>;
}

export class DatabasePace implements Pace {
  readonly #db: Db;
  readonly #onError: (error: Error) => void;
  readonly #targets = new Map<number, Target>();

  constructor(db: Db, onError: (error: Error) => void = () => undefined) {
    this.#db = db;
    this.#onError = onError;
  }

  async request(id: number, signal?: AbortSignal): Promise<void> {
    // Addresses that are only being tried have no row to count on.
    if (id < 0) return;
    const target = this.#target(id);
    const limits = await this.#limits(target);
    await this.#rest(target, signal);
    if (limits.requestsPerMinute === null) return;
    await new Promise<void>((resolve, reject) => {
      target.waiting.push({ resolve, reject });
      void this.#grantRequests(target);
    });
    signal?.throwIfAborted();
  }

  bytes(id: number, count: number, signal?: AbortSignal): Promise<void> {
    if (id <= 0) return Promise.resolve();
    const target = this.#target(id);
    const mine = target.turn.then(() => this.#takeBytes(target, count, signal));
    target.turn = mine.catch(() => undefined);
    return mine;
  }

  refused(id: number, ms: number): void {
    if (id < 0) return;
    const target = this.#target(id);
    const rest = Math.min(Math.max(ms, 0), HOUR);
    target.refusedUntil = Math.max(target.refusedUntil, performance.now() + rest);
    void repo.noteRefused(this.#db, id, rest).catch(this.#onError);
  }

  waitMs(id: number): number {
    const target = this.#targets.get(id);
    if (target === undefined) return 0;
    const rate = target.limits?.requestsPerMinute ?? null;
    const queued = rate === null ? 0 : target.grantedUntil + target.waiting.length * spacing(rate);
    return Math.max(0, Math.max(target.refusedUntil, queued) - performance.now());
  }

  #target(id: number): Target {
    let found = this.#targets.get(id);
    if (found === undefined) {
      found = {
        id,
        limits: null,
        loadedAt: 0,
        loading: null,
        refusedUntil: 0,
        grantedUntil: 0,
        waiting: [],
        granting: false,
        credit: 0,
        turn: Promise.resolve(),
      };
      this.#targets.set(id, found);
    }
    return found;
  }

  async #limits(target: Target): Promise<repo.PaceLimits> {
    const old = target.limits;
    if (old === null || performance.now() - target.loadedAt >= LIMITS_AGE_MS) {
      target.loading ??= this.#load(target).finally(() => {
        target.loading = null;
      });
      await target.loading;
    }
    return target.limits ?? { requestsPerMinute: null, bytesPerSecond: null, refusedMs: 0 };
  }

  async #load(target: Target): Promise<void> {
    const limits = await repo.paceLimits(this.#db, target.id).catch((error: unknown) => {
      // What was known a moment ago is better than none while the database is away.
      if (target.limits === null) throw unavailable(error);
      return { ...target.limits, refusedMs: 0 };
    });
    target.limits = limits;
    target.loadedAt = performance.now();
    if (limits.refusedMs > 0) target.refusedUntil = Math.max(target.refusedUntil, target.loadedAt + limits.refusedMs);
    if (limits.bytesPerSecond === null) target.credit = 0;
  }

  /** A short rest is waited for; during a long one nothing is sent at all. */
  async #rest(target: Target, signal: AbortSignal | undefined): Promise<void> {
    const left = target.refusedUntil - performance.now();
    if (left <= 0) return;
    if (left > MAX_WAIT_MS)
      throw new AppError({
        code: 'rate_limited',
        class: 'rate-limited',
        scope: 'instance',
        message: 'The instance asked to be left alone for a while (429), so it was not asked.',
        retryAfterMs: Math.ceil(left),
      });
    await delay(left, signal);
  }

  /** One loop a target; it ends when nobody waits. */
  async #grantRequests(target: Target): Promise<void> {
    if (target.granting) return;
    target.granting = true;
    try {
      while (target.waiting.length > 0) {
        const rate = target.limits?.requestsPerMinute ?? null;
        const apart = rate === null ? 0 : spacing(rate);
        const count = Math.min(target.waiting.length, Math.max(1, Math.floor(BATCH_MS / Math.max(1, apart))));
        const begins = rate === null ? 0 : await repo.grant(this.#db, target.id, 'requests', count * apart);
        const now = performance.now();
        target.grantedUntil = now + begins + (count - 1) * apart;
        target.waiting.splice(0, count).forEach(({ resolve }, index) => {
          setTimeout(resolve, begins + index * apart);
        });
      }
    } catch (error) {
      for (const { reject } of target.waiting.splice(0)) reject(unavailable(error));
    } finally {
      target.granting = false;
    }
  }

  async #takeBytes(target: Target, count: number, signal: AbortSignal | undefined): Promise<void> {
    const { bytesPerSecond: rate } = await this.#limits(target);
    if (rate === null) return;
    if (target.credit < count) {
      const size = Math.max(count, Math.floor((rate * BATCH_MS) / 2 / SECOND));
      const begins = await repo.grant(this.#db, target.id, 'bytes', (size / rate) * SECOND).catch((error: unknown) => {
        throw unavailable(error);
      });
      if (begins > 0) await delay(begins, signal);
      target.credit += size;
    }
    target.credit -= count;
  }
}

const spacing = (perMinute: number): number => (60 * SECOND * MARGIN) / perMinute;

function unavailable(cause: unknown): AppError {
  return new AppError({
    code: 'pace_unknown',
    class: 'transient',
    scope: 'instance',
    message: 'The database did not say whether one more request may be sent.',
    cause,
  });
}
