import type { DocumentRow, MatchingKind } from '../../../../services/simulator/state/model.ts';
import { ask } from '../../../support/paperless-calls.ts';
import type { Simulator } from '../../../support/simulator.ts';
import type { Changeable, SelectOption } from './changes.ts';
import type { Dice } from './dice.ts';

/** One instance as the throws of the dice change it: what is there is read from its rows, changes go through its API. */
export class World implements Changeable {
  readonly simulator: Simulator;
  readonly dice: Dice;
  /** What happened, for whoever has to understand a failing seed. */
  readonly history: string[];
  readonly #name: string;
  #number = 0;
  #skew = 0;

  constructor(name: string, simulator: Simulator, dice: Dice, history: string[]) {
    this.#name = name;
    this.simulator = simulator;
    this.dice = dice;
    this.history = history;
  }

  /** A word that was not used before. */
  word(): string {
    this.#number += 1;
    return `${this.#name}-${this.#number}`;
  }

  /** A refusal is an answer too: what paperless does not take has not happened. */
  async ask(method: string, path: string, body?: Record<string, unknown> | FormData): Promise<unknown> {
    const shown = body === undefined || body instanceof FormData ? '' : ` ${JSON.stringify(body)}`;
    try {
      const answer = await ask(this.simulator, method, path, body);
      this.history.push(`${this.#name}: ${method} ${path}${shown}`);
      return answer;
    } catch (error) {
      this.history.push(`${this.#name}: refused ${method} ${path}${shown}: ${String(error).slice(0, 120)}`);
      return null;
    } finally {
      // Background work ends before the next throw, else the seed would not tell what happens.
      await this.simulator.idle();
    }
  }

  /** The instance's clock goes forward, and never back. */
  advance(milliseconds: number): void {
    this.#skew += milliseconds;
    this.simulator.clearFaults('clock-skew');
    this.simulator.setFault('clock-skew', { value: this.#skew });
    this.history.push(`${this.#name}: ${milliseconds / 60_000} minutes go by`);
  }

  get isV3(): boolean {
    return this.simulator.profile === 'v3';
  }

  live(): DocumentRow[] {
    return this.#documents((row) => row.deletedAt === null && row.rootDocument === null);
  }

  trashed(): DocumentRow[] {
    return this.#documents((row) => row.deletedAt !== null && row.rootDocument === null);
  }

  versions(isTrashed: boolean): DocumentRow[] {
    return this.#documents((row) => row.rootDocument !== null && (row.deletedAt !== null) === isTrashed);
  }

  #documents(keep: (row: DocumentRow) => boolean): DocumentRow[] {
    return this.simulator.store.documents.filter(keep);
  }

  objects(kind: MatchingKind): number[] {
    return this.simulator.store.matching[kind].filter(() => true).map(({ id }) => id);
  }

  definitions(): { id: number; dataType: string; options: readonly SelectOption[] }[] {
    return this.simulator.store.customFields
      .filter(() => true)
      .map(({ id, dataType, extraData }) => {
        const options = (extraData?.['select_options'] ?? []) as readonly SelectOption[];
        return { id, dataType, options };
      });
  }

  users(): number[] {
    return this.simulator.store.users.filter(() => true).map(({ id }) => id);
  }
}
