import type { Library } from './model.ts';
import { makeOddDocuments } from './odd.ts';
import { makeOrdinaryDocuments } from './ordinary.ts';
import { seededRandom } from './random.ts';
import { PEOPLE, TAXONOMY } from './taxonomy.ts';

export type * from './model.ts';
export { MATCHING } from './model.ts';

export interface LibraryOptions {
  readonly seed?: number;
  /** Documents with nothing odd about them; the odd ones come on top, all of them, always. */
  readonly ordinary?: number;
  readonly heavyBytes?: number;
}

const MEBIBYTE = 1024 * 1024;

export function makeLibrary({ seed = 1, ordinary = 56, heavyBytes = 64 * MEBIBYTE }: LibraryOptions = {}): Library {
  const random = seededRandom(seed);
  const common = makeOrdinaryDocuments(random, ordinary);
  return { ...PEOPLE, ...TAXONOMY, documents: [...common, ...makeOddDocuments({ random, heavyBytes, seed })] };
}
