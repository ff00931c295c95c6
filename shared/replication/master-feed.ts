/** The change feed: what moved on the master since the cursor (E3, protocol section 3), with every identity checked (H2). */
import * as absences from '../db/absences.repo.ts';
import * as links from '../db/links.repo.ts';
import * as masterRepo from '../db/master.repo.ts';
import type { Db } from '../db/tables.ts';
import { checkIdentity } from '../domain/identity.ts';
import { fromMicros, toMicros } from '../domain/instant.ts';
import { AppError } from '../kernel/errors.ts';
import type { FeedRow, PaperlessReader } from '../paperless/api.ts';
import type { MasterLook } from './master-census.ts';

/** Cursor and marks move together, a page at a time. */
export async function readFeed(look: MasterLook, known: number | null, startedUs: number): Promise<void> {
  const { deps, master, run, signal } = look;
  const overlapUs = deps.timings.feedOverlapMs * 1000;
  // The first time everything comes by the census; the cursor then starts at what was seen, not at what time it is: the
  // clock of a proxy may be ahead of the one that stamps the changes.
  const cursor = known ?? startedUs - overlapUs;
  const from = Math.min(cursor, startedUs) - (known === null ? 0 : overlapUs);
  for await (const { rows, lastUs } of feedPages(master, from, deps.timings.feedPageSize, signal))
    await deps.db.transaction().execute(async (trx) => {
      await links.addMissingLinks(
        trx,
        rows.map((row) => row.id),
      );
      await links.markDirty(trx, rows);
      await checkIdentities(trx, rows, run.id);
      if (lastUs !== null || startedUs < cursor || known === null)
        await masterRepo.setCursor(trx, Math.min(Math.max(lastUs ?? cursor, Math.min(cursor, startedUs)), startedUs));
    });
}

/**
 * Keyset paging by (modified, id): always page 1 from the last value, so that an edit while reading makes no document be
 * missed; a full page of one single value doubles the page size. `lastUs`: the last "modified" of the page, microseconds.
 */
export async function* feedPages(
  master: PaperlessReader,
  fromUs: number,
  pageSize: number,
  signal: AbortSignal,
): AsyncGenerator<{ readonly rows: readonly FeedRow[]; readonly lastUs: number | null }> {
  let [from, size] = [fromUs, pageSize];
  for (;;) {
    const { rows } = await master.feedPage(fromMicros(from), size, signal);
    const last = rows.at(-1);
    const lastUs = last ? toMicros(last.modified) : null;
    yield { rows, lastUs };
    if (rows.length < size || lastUs === null) return;
    if (lastUs === from) size = widerPage(size);
    from = lastUs;
  }
}

/** The document jobs refuse such a link by themselves; here it is counted, since many of them mean another master. */
export async function checkIdentities(db: Db, rows: readonly FeedRow[], runId: number | null): Promise<void> {
  const known = await absences.knownIdentities(
    db,
    rows.map((row) => row.id),
  );
  const others = rows.filter((row) => {
    const added = known.get(row.id);
    return added !== undefined && checkIdentity(added, row.added) === 'other';
  });
  await absences.noteSuspects(
    db,
    'identity',
    others.map((row) => ({ id: row.id, known: known.get(row.id) ?? null, seen: row.added })),
    runId,
  );
  const wrong = new Set(others.map((row) => row.id));
  await absences.clearSuspects(
    db,
    'identity',
    rows.flatMap((row) => (known.has(row.id) && !wrong.has(row.id) ? [row.id] : [])),
  );
}

function widerPage(size: number): number {
  if (size < 100_000) return Math.min(size * 2, 100_000); // paperless clamps there
  throw new AppError({
    code: 'feed_stuck',
    class: 'not-an-api',
    scope: 'instance',
    message: 'More than 100,000 documents of the master share one time of change; the change feed cannot pass them.',
  });
}
