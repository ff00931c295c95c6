/**
 * This process in the eyes of the others (protocol section 2). A beat every 5 s; death is decided by observation of the
 * beat over 20 s of the observer's own monotonic time, counted only while the observer's own beats succeed, so that a
 * restart of PostgreSQL kills nobody and clock steps mean nothing.
 */
import { randomUUID } from 'node:crypto';
import { notify, PROCESS_LEFT } from '../db/listen.ts';
import * as workers from '../db/workers.repo.ts';
import type { Db } from '../db/tables.ts';
import { AppError } from '../kernel/errors.ts';
import type { Clock } from '../kernel/clock.ts';
import type { WriteGuard } from '../kernel/limits.ts';
import { DatabaseClock } from './database-clock.ts';

export interface PresenceOptions {
  /** Known before, where database sessions bear its name; otherwise a new one. */
  readonly workerId?: string | undefined;
  readonly role: string;
  readonly version: string;
  readonly clock: Clock;
  readonly beatMs?: number;
  readonly deadAfterMs?: number;
  readonly writeGraceMs?: number;
  /** The row says that we are dead: the caller ends the process (exit 70). */
  onDeclaredDead(): void;
  onDeath?(workerId: string): void;
}

export interface Presence {
  readonly workerId: string;
  readonly guard: WriteGuard;
  /** Of what is written into rows: every beat brings the database's time along. */
  readonly clock: Clock;
  stop(): Promise<void>;
}

export async function startPresence(db: Db, options: PresenceOptions): Promise<Presence> {
  const presence = new Beating(db, options);
  await presence.begin();
  return presence;
}

class Beating implements Presence {
  readonly workerId: string;
  readonly guard: WriteGuard;
  readonly clock: DatabaseClock;
  readonly #db: Db;
  readonly #options: PresenceOptions;
  readonly #fenced = new AbortController();
  readonly #seen = new Map<string, { beat: number; sinceMs: number }>();
  #lastBeat = { monotonic: 0, wall: 0 };
  #observedMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #current: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(db: Db, options: PresenceOptions) {
    this.#db = db;
    this.#options = options;
    this.workerId = options.workerId ?? randomUUID();
    this.clock = new DatabaseClock(options.clock);
    this.guard = { assertAlive: () => this.#assertAlive(), fenced: this.#fenced.signal };
  }

  async begin(): Promise<void> {
    const { role, version } = this.#options;
    const sent = this.#instant();
    const time = await workers.registerWorker(this.#db, { id: this.workerId, role, version });
    this.clock.set(time, sent.monotonic);
    this.#lastBeat = sent;
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#current;
    await workers.signOff(this.#db, this.workerId);
    // Those who stay look for what it leaves at once, not at their next tick.
    await notify(this.#db, PROCESS_LEFT, this.workerId);
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#current = this.#tick().finally(() => {
        if (!this.#stopped) this.#schedule();
      });
    }, this.#options.beatMs ?? 5000);
  }

  async #tick(): Promise<void> {
    try {
      // As old as its question: the others count from when it reached the database, which an answer may be slow to tell.
      const sent = this.#instant();
      const time = await workers.beat(this.#db, this.workerId);
      if (!time) return this.#die();
      this.clock.set(time, sent.monotonic);
      const passed = sent.monotonic - this.#lastBeat.monotonic;
      this.#lastBeat = sent;
      // A gap in our own beats (frozen, database away) must not count against the others.
      this.#observedMs += Math.min(passed, 2 * (this.#options.beatMs ?? 5000));
      await this.#observe();
    } catch {
      // The database is away: nobody can beat, nobody is declared dead; the guard stops our own writes after 10 s.
    }
  }

  async #observe(): Promise<void> {
    const living = await workers.livingWorkers(this.#db);
    const ids = new Set(living.map((worker) => worker.id));
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id);
    for (const worker of living) {
      if (worker.id === this.workerId) continue;
      const seen = this.#seen.get(worker.id);
      if (!seen || seen.beat !== worker.beat)
        this.#seen.set(worker.id, { beat: worker.beat, sinceMs: this.#observedMs });
      else if (this.#observedMs - seen.sinceMs >= (this.#options.deadAfterMs ?? 20_000))
        await this.#declareDead(worker);
    }
  }

  async #declareDead(worker: { id: string; beat: number }): Promise<void> {
    if (await workers.declareDead(this.#db, worker.id, worker.beat)) this.#options.onDeath?.(worker.id);
    this.#seen.delete(worker.id);
  }

  #instant(): { monotonic: number; wall: number } {
    return { monotonic: this.#options.clock.monotonic(), wall: this.#options.clock.now().getTime() };
  }

  #die(): void {
    this.#stopped = true;
    this.#fenced.abort(fencedError());
    this.#options.onDeclaredDead();
  }

  /** Both clocks: a paused virtual machine may stop the monotonic one. */
  #assertAlive(): void {
    const grace = this.#options.writeGraceMs ?? 10_000;
    const monotonic = this.#options.clock.monotonic() - this.#lastBeat.monotonic;
    const wall = Math.abs(this.#options.clock.now().getTime() - this.#lastBeat.wall);
    if (this.#fenced.signal.aborted || monotonic >= grace || wall >= grace) throw fencedError();
  }
}

function fencedError(): AppError {
  return new AppError({
    code: 'worker_fenced',
    class: 'cancelled',
    message: 'This process could not prove that it is alive, so it does not write.',
    hint: 'It goes on as soon as the database answers again.',
  });
}
