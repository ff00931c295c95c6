/**
 * Where two processes and everything between them and the replica stop and wait for a hand that says what happens next. A
 * process stands still at each request and at each race point, so that a schedule is a list of choices and nothing else.
 */
import { AppError } from '../../shared/kernel/errors.ts';

/** How a request goes on. */
export type Fate =
  | 'answered'
  | 'answer-lost'
  | 'never-arrives'
  /** Given up by its sender, and done by the replica later. */
  | 'late'
  | 'refused'
  | '502-though-done';

export interface Gate {
  readonly process: Process;
  readonly what: string;
  readonly kind: 'read' | 'write' | 'point';
  go(fate: Fate): void;
}

export interface Late {
  readonly what: string;
  readonly since: number;
  readonly send: () => void;
}

/** One run of one look in one process; `dead` is what the others think of it. */
export class Process {
  readonly name: string;
  readonly worker: string;
  dead = false;
  gate: Gate | null = null;
  /** Null: it has nothing to do. */
  look: Promise<unknown> | null = null;
  #arrived: PromiseWithResolvers<void> | null = null;

  constructor(name: string, worker: string) {
    this.name = name;
    this.worker = worker;
  }

  begin(look: () => Promise<unknown>): Promise<void> {
    this.#arrived = Promise.withResolvers<void>();
    const { promise } = this.#arrived;
    const ended = () => {
      this.look = null;
      this.#arrived?.resolve();
    };
    this.look = look();
    this.look.then(ended, ended);
    return promise;
  }

  /** Until it stands at its next gate, or has ended. */
  async proceed(fate: Fate): Promise<void> {
    const gate = this.gate;
    if (!gate) return;
    this.gate = null;
    this.#arrived = Promise.withResolvers<void>();
    const { promise } = this.#arrived;
    gate.go(fate);
    await promise;
  }

  stop(gate: Gate): void {
    this.gate = gate;
    this.#arrived?.resolve();
  }
}

export class Network {
  /** Requests that nobody waits for any more and that still arrive. */
  readonly late: Late[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  point(process: Process, what: string): Promise<void> {
    return new Promise((resolve) => process.stop({ process, what, kind: 'point', go: () => resolve() }));
  }

  request<T>(process: Process, what: string, kind: 'read' | 'write', serve: () => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const answer = () => Promise.resolve().then(serve).then(resolve, reject);
      const quietly = () =>
        void Promise.resolve()
          .then(serve)
          .catch(() => undefined);
      const go = (fate: Fate): void => {
        // The guard of a process that cannot beat stops every write before its first byte (protocol section 2, point 5).
        if (kind === 'write' && process.dead && fate !== 'late') return reject(fenced());
        if (fate === 'answered') return void answer();
        if (kind === 'read' || fate === 'refused') return reject(unreachable());
        if (fate === 'late') this.late.push({ what, since: this.#now(), send: quietly });
        else if (fate !== 'never-arrives') quietly();
        // After what was done is done: the next thing that happens must see it.
        setImmediate(() => reject(unknown(fate === '502-though-done' ? 'answered_error' : 'no_answer')));
      };
      process.stop({ process, what, kind, go });
    });
  }

  async deliver(request: Late): Promise<void> {
    this.late.splice(this.late.indexOf(request), 1);
    request.send();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const fenced = () => new AppError({ code: 'worker_fenced', class: 'cancelled', message: 'not proven alive' });
const unreachable = () => new AppError({ code: 'unreachable', class: 'transient', message: 'no line' });
const unknown = (code: string) => new AppError({ code, class: 'unknown-outcome', message: 'no clean answer' });
