import type { Micros } from './model.ts';

/** Never gives the same microsecond twice: `modified` values of the simulator are totally ordered. */
export class Clock {
  #last: Micros;
  #skew: Micros = 0;
  #base = Date.now() * 1000 - Math.floor(performance.now() * 1000);

  constructor(last: Micros = 0) {
    this.#last = last;
  }

  now(): Micros {
    const wall = this.#base + Math.floor(performance.now() * 1000) + this.#skew;
    this.#last = Math.max(this.#last + 1, wall);
    return this.#last;
  }

  /** For the Date header, which takes no microsecond away. */
  seconds(): string {
    return httpDate(Date.now() * 1000 + this.#skew);
  }

  /** Makes the clock wrong by so much; set back, it goes backwards once, as a corrected server clock does. */
  skewTo(milliseconds: number): void {
    if (milliseconds * 1000 === this.#skew) return;
    this.#skew = milliseconds * 1000;
    this.#last = 0;
  }
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

function fraction(time: Micros): string {
  const micros = ((time % 1_000_000) + 1_000_000) % 1_000_000;
  // Python leaves the fraction out when it is exactly zero (paperless-api.md 2.6).
  return micros === 0 ? '' : `.${pad(micros, 6)}`;
}

function wholeSeconds(time: Micros): string {
  return new Date(Math.floor(time / 1_000_000) * 1000).toISOString().slice(0, 19);
}

/** The way DRF shows a time on a server in UTC. */
export const isoTime = (time: Micros): string => `${wholeSeconds(time)}${fraction(time)}Z`;

/** The way Python's `isoformat()` shows it, as in the v3 metadata ETag. */
export const pythonIsoTime = (time: Micros): string => `${wholeSeconds(time)}${fraction(time)}+00:00`;

export const isoDate = (time: Micros): string => wholeSeconds(time).slice(0, 10);

export const httpDate = (time: Micros): string => new Date(Math.floor(time / 1000)).toUTCString();
