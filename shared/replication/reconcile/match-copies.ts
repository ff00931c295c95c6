/** Whose copy is which document: the surest sign first, and nothing is matched that differs in its bytes (E17, protocol section 4). */
import * as repo from '../../db/reconcile.repo.ts';
import { pairTwins, type Pair } from '../../domain/match.ts';
import { hashFiles } from './hash.ts';
import type { Scan } from './scan.ts';

const GROUPS_A_BATCH = 500;

export async function matchCopies(scan: Scan): Promise<void> {
  const { db, id } = scan;
  await repo.leaveInFlight(db, id);
  if (scan.mode === 'reconcile') await repo.keepLinks(db, id);
  await repo.reserveOwned(db, id, scan.replicaId);
  await hashFiles(scan);
  await repo.matchMarked(db, id);
  await matchGroups(scan, 'content_key', pairGroup);
  await matchGroups(scan, 'root_hex', pairPrefixes);
  await repo.matchIdentities(db, id);
}

async function matchGroups(
  scan: Scan,
  key: repo.GroupKey,
  pair: (masters: readonly repo.FreeRow[], copies: readonly repo.FreeRow[]) => Pair[],
): Promise<void> {
  for await (const groups of groupsOf(scan, key)) {
    const pairs = groups.flatMap((rows) => pair(...sidesOf(rows)));
    await repo.setPairs(scan.db, scan.id, pairs);
  }
}

/** Some hundred groups at a time, so that no more than one batch of rows is ever in memory. */
export async function* groupsOf(scan: Scan, key: repo.GroupKey): AsyncGenerator<repo.FreeRow[][]> {
  for (let after = ''; ; ) {
    const rows = await repo.freeGroups(scan.db, scan.id, key, after, GROUPS_A_BATCH);
    const last = rows.at(-1);
    if (!last) return;
    after = last.group;
    scan.signal?.throwIfAborted();
    yield [...Map.groupBy(rows, (row) => row.group).values()];
  }
}

export function sidesOf(rows: readonly repo.FreeRow[]): [repo.FreeRow[], repo.FreeRow[]] {
  return [rows.filter((row) => row.side === 'master'), rows.filter((row) => row.side === 'replica')];
}

function pairGroup(masters: readonly repo.FreeRow[], copies: readonly repo.FreeRow[]): Pair[] {
  return pairTwins(masters, copies);
}

/** The copy has the first versions of the master's file and lacks the later ones; those are for the next ordinary run. */
function pairPrefixes(masters: readonly repo.FreeRow[], copies: readonly repo.FreeRow[]): Pair[] {
  const begins = (master: repo.FreeRow, copy: repo.FreeRow): boolean =>
    copy.contentKey !== null && (master.contentKey ?? '').startsWith(`${copy.contentKey},`);
  const able = copies.filter((copy) => masters.some((master) => begins(master, copy)));
  const of = new Map([...masters, ...able].map((row) => [`${row.side}${row.id}`, row]));
  return pairTwins(masters, able)
    .filter(({ masterId, copyId }) => {
      const [master, copy] = [of.get(`master${masterId}`), of.get(`replica${copyId}`)];
      return master !== undefined && copy !== undefined && begins(master, copy);
    })
    .map((pair) => ({ ...pair, rule: 'root' }));
}
