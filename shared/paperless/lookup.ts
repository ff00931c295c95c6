import { lookup } from 'node:dns';
import { guardLookup } from '../kernel/guarded-lookup.ts';

/** For the name of an instance (S4). */
export const guardedLookup = (refused: () => Error, resolve: typeof lookup = lookup) => guardLookup(refused, resolve);
