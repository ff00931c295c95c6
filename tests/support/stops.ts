/** Stops the work of a process at named points, each once, as a stop or a kill would: nothing more is written by it. */
import { AppError } from '../../shared/kernel/errors.ts';

export class Stops {
  /** Points that were passed, in the order of their first time. */
  readonly passed = new Set<string>();
  readonly stopped = new Set<string>();
  armed = false;
  readonly #prefixes: readonly string[];

  constructor(...prefixes: string[]) {
    this.#prefixes = prefixes;
  }

  readonly at = (name: string): Promise<void> => {
    if (!this.#prefixes.some((prefix) => name.startsWith(prefix))) return Promise.resolve();
    this.passed.add(name);
    if (!this.armed || this.stopped.has(name)) return Promise.resolve();
    this.stopped.add(name);
    return Promise.reject(new AppError({ code: 'shutdown', class: 'cancelled', message: `Stopped at ${name}.` }));
  };
}
