import type { MatcherFacts } from './facts.ts';

const NONE = 0;
const AUTO = 6;

/** An empty text never matches, whatever the algorithm; the trained classifier needs none (paperless-api.md 10.1). */
export function canMatch({ algorithm, match }: Pick<MatcherFacts, 'algorithm' | 'match'>): boolean {
  return algorithm === AUTO || (algorithm !== NONE && match.trim() !== '');
}
