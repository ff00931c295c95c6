/** What this process works on right now, and how to stop it: a run, a document or a verification can be cancelled anywhere. */
import { AppError } from '../kernel/errors.ts';

/** Two jobs for one link may overlap in one process, so each has a controller of its own. */
export class Tally {
  readonly #controllers = new Map<number, Set<AbortController>>();

  has(id: number): boolean {
    return this.#controllers.has(id);
  }

  ids(): number[] {
    return [...this.#controllers.keys()];
  }

  async during<T>(id: number, outer: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const own = new AbortController();
    const all = this.#controllers.get(id) ?? new Set();
    this.#controllers.set(id, all.add(own));
    try {
      return await work(AbortSignal.any([outer, own.signal]));
    } finally {
      all.delete(own);
      if (all.size === 0) this.#controllers.delete(id);
    }
  }

  /** What runs ends as it would at a stop of the process: nothing is lost, and nobody is blamed for it. */
  stop(id: number, why: string): void {
    const reason = new AppError({ code: 'cancelled', class: 'cancelled', message: why });
    for (const controller of this.#controllers.get(id) ?? []) controller.abort(reason);
  }
}

export class Busy {
  readonly links = new Tally();
  readonly runs = new Tally();
  readonly verifications = new Tally();
  /** By run: everything that is done for it here, its documents included. */
  readonly workOfRuns = new Tally();
}
