/**
 * Sums over every document cost a fraction of a second where there are hundreds of thousands, and each open page asks for them
 * every few seconds. Those of a large library are therefore kept for some seconds, the same for all who look; those of an
 * ordinary one are always asked anew.
 */
import type { Db } from '../../../shared/db/tables.ts';

const LARGE = 50_000;
const KEPT_MS = 5000;

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
