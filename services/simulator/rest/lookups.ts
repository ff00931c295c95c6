/** SQLite's LIKE folds ASCII letters only (paperless-api.md 2.3); PostgreSQL folds all of them. */
export const asciiLower = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

export type Lookup = 'istartswith' | 'iendswith' | 'icontains' | 'iexact';

export const LOOKUPS: readonly Lookup[] = ['istartswith', 'iendswith', 'icontains', 'iexact'];

export function textMatches(value: string | null, lookup: Lookup, wanted: string, fold = asciiLower): boolean {
  if (value === null) return false;
  const text = fold(value);
  const part = fold(wanted);
  switch (lookup) {
    case 'istartswith':
      return text.startsWith(part);
    case 'iendswith':
      return text.endsWith(part);
    case 'icontains':
      return text.includes(part);
    case 'iexact':
      return text === part;
  }
}

/** Order of bytes, as a database without a collation compares texts. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
