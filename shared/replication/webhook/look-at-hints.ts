/**
 * The first half of a hint (E24): the documents that hints named are read again on the master, all that are due in one request,
 * and the links of what is there are marked. A hint is never proof: what is not there may have been announced too early (paperless
 * sends it from inside its transaction), and is never a deletion (H15).
 */
import { addMissingLinks, markDirty } from '../../db/links.repo.ts';
import { masterState, type MasterState } from '../../db/master.repo.ts';
import { openPromotion } from '../../db/promotions.repo.ts';
import * as hints from '../../db/webhook-events.repo.ts';
import { nextLookAfter } from '../../domain/webhook-hint.ts';
import type { FeedRow } from '../../paperless/api.ts';
import type { EngineDeps } from '../deps.ts';
import { checkIdentities } from '../master-feed.ts';
import { suspendIfReplaced } from '../master-suspension.ts';

type LookDeps = Pick<EngineDeps, 'db' | 'instances' | 'log' | 'clock' | 'leader' | 'racePoint'>;
type Due = Awaited<ReturnType<typeof hints.dueHints>>[number];

/** As many as one request reads. */
const AT_ONCE = 250;
const NOT_THERE = 'The master did not show this document in any look: the next cycle finds it, or finds it deleted.';

/** May be broken off anywhere: a hint is pending until its links are marked, in one transaction with its row. */
export async function lookAtHints(deps: LookDeps, signal: AbortSignal): Promise<void> {
  const due = await hints.dueHints(deps.db, AT_ONCE);
  if (due.length === 0) return;
  const state = await masterState(deps.db);
  // Nothing of such a master is believed before a person has said what happened to it; cycles say so.
  if (state.suspended_code !== null || state.unconfirmed || (await openPromotion(deps.db))) return;
  const [ours, early] = split(due, (hint) => !needsCycle(state, hint));
  for (const hint of early) await leaveToCycle(deps, hint);
  if (ours.length === 0) return;
  const master = await deps.instances.master();
  const rows = await master.times(
    ours.map((hint) => hint.master_doc_id),
    signal,
  );
  await deps.racePoint('hint.read');
  const found = new Map(rows.map((row) => [row.id, row]));
  const [there, missing] = split(ours, (hint) => found.has(hint.master_doc_id));
  await mark(deps, there, rows);
  for (const hint of missing) await lookLater(deps, hint);
  if (there.length > 0) await suspendIfReplaced(deps);
}

/** H2: an id that was never seen, below the highest one that was, may be one that was given out twice; the census tells. */
function needsCycle(state: MasterState, hint: Due): boolean {
  if (state.cursor_us === null) return true;
  return !hint.known && hint.master_doc_id <= (state.high_water_id ?? 0);
}

async function leaveToCycle({ db }: LookDeps, { id, received_count: count }: Due): Promise<void> {
  const detail = 'Only the list of all documents tells what this id is: the next cycle reads it.';
  await hints.endHint(db, id, { state: 'left', outcome: 'deferred', detail }, count);
}

/** As a page of the change feed, but for its cursor, which tells up to when everything was read (E3). */
async function mark(deps: LookDeps, there: readonly Due[], rows: readonly FeedRow[]): Promise<void> {
  if (there.length === 0) return;
  await deps.leader.asLeader(async (trx) => {
    // The ids may be another master's by now (E27): they are looked at again.
    if (await openPromotion(trx)) return;
    const started = new Set(await hints.startHints(trx, there));
    const ids = there.filter((hint) => started.has(hint.id)).map((hint) => hint.master_doc_id);
    const marked = rows.filter((row) => ids.includes(row.id));
    await addMissingLinks(trx, ids);
    await markDirty(trx, marked);
    await hints.markHinted(trx, ids);
    await checkIdentities(trx, marked, null);
  });
  await deps.racePoint('hint.marked');
}

async function lookLater({ db, log }: LookDeps, hint: Due): Promise<void> {
  const seconds = nextLookAfter(hint.looks + 1);
  const { id, received_count, master_doc_id: docId } = hint;
  if (seconds !== null) return hints.lookAgain(db, { id, received_count, seconds });
  if (await hints.endHint(db, id, { state: 'left', outcome: 'not_there', detail: NOT_THERE }, received_count))
    log.info('A webhook named a document that the master does not show. Nothing is deleted because of that.', {
      docId,
    });
}

function split<T>(all: readonly T[], test: (one: T) => boolean): [T[], T[]] {
  return [all.filter(test), all.filter((one) => !test(one))];
}
