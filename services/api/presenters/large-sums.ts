/**
 * A first sync of a large library has all of it open at once, and each open page asks for the sums every few seconds. Those of
 * many documents are therefore kept for a moment, the same for all who look; all others are asked anew.
 */
import type { Db } from '../../../shared/db/tables.ts';

const LARGE = 50_000;
const KEPT_MS = 2000;

interface Counted {
  readonly documents: number;
}
const kept = new WeakMap<Db, Map<string, { readonly until: number; readonly rows: readonly Counted[] }>>();

export async function largeSum<T extends Counted>(
  db: Db,
  name: string,
  load: () => Promise<T[]>,
): Promise<readonly T[]> {
  const sums = kept.get(db) ?? new Map();
  kept.set(db, sums);
  const known = sums.get(name);
  if (known !== undefined && performance.now() < known.until) return known.rows as readonly T[];
  const rows = await load();
  const documents = rows.reduce((sum, row) => sum + row.documents, 0);
  if (documents >= LARGE) sums.set(name, { until: performance.now() + KEPT_MS, rows });
  return rows;
}
