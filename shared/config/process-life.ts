import { SECOND } from '../kernel/clock.ts';
import { type AppError, toAppError } from '../kernel/errors.ts';
import { EXIT, exitCodeFor } from './exit-codes.ts';

/** How a process begins and ends; the same for every program of ours (R4). */
export interface ProcessLife {
  /** What was opened and has to be ended; the last one opened is ended first. */
  onStop(name: string, end: () => Promise<void>): void;
  /** Aborts at the first signal to stop. */
  readonly stopping: AbortSignal;
  /** Ends everything and then the process. */
  stop(exitCode: number): Promise<never>;
}

/** Supervisors send SIGKILL after 30 s; five of them are left for the exit itself and a slow disk. */
const STOP_LIMIT_MS = 25 * SECOND;

export interface LifeOptions {
  /** Lines for the person who started it: why it did not start, what it waits for while it stops. */
  readonly say?: (line: string) => void;
  /** Ends the process; tests look at the code instead. */
  readonly exit?: (code: number) => never;
  /** A part that takes longer to end is left behind. */
  readonly stopLimitMs?: number;
}

/**
 * Runs a program until `start` is done and a signal came. A fault at the start is one clear line and a documented exit
 * code, never a stack trace; a second signal ends at once.
 */
export function runProcess(start: (life: ProcessLife) => Promise<void>, options: LifeOptions = {}): void {
  const life = new Life(options);
  process.on('SIGTERM', () => life.signal());
  process.on('SIGINT', () => life.signal());
  // After these nothing is known of the state of the process. What it did not finish is taken over from PostgreSQL.
  process.on('uncaughtException', (error) => void life.fail(error));
  process.on('unhandledRejection', (error) => void life.fail(error));
  start(life).catch((error: unknown) => life.failStart(error));
}

/** All a person needs: what is wrong, and the cure. */
export function faultLines(error: AppError): string[] {
  const lines = error.message.split('\n').map((line) => `pngx-controller: ${line}`);
  return error.hint === undefined ? lines : [...lines, `  ${error.hint}`];
}

class Life implements ProcessLife {
  readonly #stopping = new AbortController();
  readonly #ends: { readonly name: string; readonly end: () => Promise<void> }[] = [];
  readonly #say: (line: string) => void;
  readonly #exit: (code: number) => never;
  readonly #stopLimitMs: number;
  #ending: Promise<never> | undefined;

  constructor(options: LifeOptions) {
    this.#say = options.say ?? ((line) => process.stderr.write(`${line}\n`));
    this.#exit = options.exit ?? ((code) => process.exit(code));
    this.#stopLimitMs = options.stopLimitMs ?? STOP_LIMIT_MS;
  }

  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  onStop(name: string, end: () => Promise<void>): void {
    this.#ends.push({ name, end });
  }

  signal(): void {
    if (this.#ending !== undefined) this.#exit(EXIT.failure);
    void this.stop(EXIT.ok);
  }

  /** Half a start is not mended, it is begun anew: by whoever supervises the process, from a clean slate. */
  async failStart(thrown: unknown): Promise<void> {
    const error = toAppError(thrown);
    if (error.code !== 'connection_lost') return this.fail(thrown);
    if (this.#ending !== undefined) return;
    this.#say(`pngx-controller: ${error.message}`);
    this.#say('  It happened while this program started, so it ends; start it again.');
    await this.stop(EXIT.lost);
  }

  async fail(thrown: unknown): Promise<void> {
    // What breaks because everything is being ended is no news.
    if (this.#ending !== undefined) return;
    const error = toAppError(thrown);
    for (const line of faultLines(error)) this.#say(line);
    // Not one of ours: where it comes from is all that helps to find out why nobody caught it.
    if (thrown instanceof Error && (error !== thrown || error.class === 'internal'))
      this.#say(thrown.stack ?? thrown.name);
    await this.stop(exitCodeFor(error));
  }

  stop(exitCode: number): Promise<never> {
    this.#ending ??= this.#end(exitCode);
    return this.#ending;
  }

  async #end(exitCode: number): Promise<never> {
    this.#stopping.abort();
    let waitsFor = '';
    const limit = setTimeout(() => {
      this.#say(
        `pngx-controller: ${waitsFor} did not end within ${this.#stopLimitMs / SECOND} s; stopping without it.`,
      );
      this.#exit(EXIT.failure);
    }, this.#stopLimitMs);
    for (let last = this.#ends.pop(); last !== undefined; last = this.#ends.pop()) {
      waitsFor = last.name;
      await last.end().catch((error: unknown) => {
        this.#say(`pngx-controller: ${waitsFor} ended badly: ${toAppError(error).message}`);
      });
    }
    clearTimeout(limit);
    return this.#exit(exitCode);
  }
}
