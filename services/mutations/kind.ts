/**
 * The 27 kinds of change that a sweep must find (product.md 11), each as a row: what to make before the first
 * synchronisation, and what to change afterwards. What must be seen then is the same for all: before the sweep an
 * independent look must find the replica different, after it equal.
 */

import type { Scene } from './scene.ts';
import type { Look } from './look.ts';

export interface Prepared {
  /** After the first synchronisation, followed by a sweep of its own: what must have come and gone before the change. */
  readonly between?: () => Promise<unknown>;
  /** The change itself, on the master. */
  readonly mutate: () => Promise<unknown>;
}

export interface Step {
  /** One word in small letters: it becomes part of all names, by which findings are told apart. */
  readonly name: string;
  readonly prepare: (on: Scene) => Promise<Prepared>;
  /** Only the newest file reaches a 2.x replica (E7): there this change cannot be seen. */
  readonly ontoV3?: true;
  /** What equality alone does not say: problems, in words. */
  readonly see?: (looks: Looks) => string[];
}

export interface Looks {
  readonly label: string;
  /** After the first synchronisation. */
  readonly first: Look;
  readonly after: Look;
}

export interface Kind {
  readonly number: number;
  readonly title: string;
  readonly steps: readonly Step[];
  /** Not possible on a 2.x master. */
  readonly onlyV3?: true;
  /** Complete sweeps that the protocol demands before it acts. */
  readonly sweeps?: 2;
}

export const step = (name: string, prepare: Step['prepare'], see?: Step['see']): Step => ({
  name,
  prepare,
  ...(see && { see }),
});

/** The part of every name that says what it was made for, e.g. "k03-swapped". */
export const stepKey = ({ number }: Pick<Kind, 'number'>, { name }: Pick<Step, 'name'>): string =>
  `k${String(number).padStart(2, '0')}-${name}`;

export const keyIn = (text: string): string | null => /k\d\d-[a-z]+/.exec(text)?.[0] ?? null;
