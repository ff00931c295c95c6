import type { Kind } from '../kind.ts';
import { documentKinds } from './documents.ts';
import { fieldKinds } from './fields.ts';
import { fileKinds } from './files.ts';
import { objectKinds } from './objects.ts';
import { peopleKinds } from './people.ts';
import { plainKinds } from './plain.ts';

/** In the order of product.md 11. */
export const KINDS: readonly Kind[] = [
  ...plainKinds,
  ...fieldKinds,
  ...objectKinds,
  ...peopleKinds,
  ...fileKinds,
  ...documentKinds,
].toSorted((a, b) => a.number - b.number);
