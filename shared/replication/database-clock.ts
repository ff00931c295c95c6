import { SECOND, type Clock } from '../kernel/clock.ts';

/** A slower answer is old when it comes; the time known before is better. */
const PROMPT_MS = 2 * SECOND;

/**
 * The time that is written into rows and compared with rows: the database's, carried on by our clock that never jumps. A
 * process whose wall clock is an hour wrong would otherwise let documents rest for an hour, or call every run overdue.
 */
export class DatabaseClock implements Clock {
  readonly #own: Clock;
  #known: { readonly database: number; readonly monotonic: number } | null = null;

  constructor(own: Clock) {
    this.#own = own;
  }

  /** The database's answer to a question that was asked at `askedAt` of the clock that never jumps. */
  set(time: Date, askedAt: number): void {
    const answeredAt = this.monotonic();
    if (this.#known !== null && answeredAt - askedAt > PROMPT_MS) return;
    this.#known = { database: time.getTime(), monotonic: (askedAt + answeredAt) / 2 };
  }

  now(): Date {
    if (this.#known === null) return this.#own.now();
    return new Date(Math.round(this.#known.database + this.monotonic() - this.#known.monotonic));
  }

  monotonic(): number {
    return this.#own.monotonic();
  }
}
