/** What a look at both libraries needs; it reads and writes rows of its own, never an instance and never a link. */
import type { ReconcileMode } from '../../db/reconcile.repo.ts';
import type { Db } from '../../db/tables.ts';
import type { Generation, PaperlessReader } from '../../paperless/api.ts';

export interface Scan {
  readonly db: Db;
  readonly id: number;
  readonly replicaId: number;
  readonly mode: ReconcileMode;
  readonly asnBase: number;
  readonly master: PaperlessReader;
  readonly replica: PaperlessReader;
  readonly generations: { readonly master: Generation; readonly replica: Generation };
  readonly signal: AbortSignal | undefined;
  /** Both hashes of a master document's newest file, by fetching it; null if it is gone. */
  hashFile(masterId: number): Promise<{ sha256: string; md5: string } | null>;
}

/** As many at once as an instance is asked by default (E14); the request slots hold it back further if need be. */
const AT_ONCE = 4;

/** The results of `work` for all items, a few at a time. */
export async function someAtOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, items.length) }, async () => {
      for (const [index, item] of waiting) results[index] = await work(item);
    }),
  );
  return results;
}
