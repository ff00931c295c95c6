/**
 * The master's list of ids against what is known: new documents get links, missing ones are noted as trashed or absent, and
 * a list that cannot be true fails the cycle by name (H2, H4, E4, E20). Nothing here deletes anything.
 */
import * as absences from '../db/absences.repo.ts';
import * as links from '../db/links.repo.ts';
import * as masterRepo from '../db/master.repo.ts';
import type { Run } from '../db/tables.ts';
import { checkIdentity } from '../domain/identity.ts';
import { toMicros } from '../domain/instant.ts';
import { HOUR } from '../kernel/clock.ts';
import type { Capabilities, FeedRow, PaperlessReader, TrashRow } from '../paperless/api.ts';
import type { EngineDeps } from './deps.ts';
import { suspendMaster, suspicionCleared } from './master-suspension.ts';

export interface MasterLook {
  readonly deps: EngineDeps;
  readonly master: PaperlessReader;
  readonly run: Pick<Run, 'id' | 'sweep'>;
  /** The probe before the census: half of the proof that a missing document is not just invisible (H4). */
  readonly facts: Capabilities;
  readonly signal: AbortSignal;
}

interface Missing {
  readonly all: readonly absences.MissingDocument[];
  /** Read when an id is newly missing, when a sweep looks at all that are, and when too many are. */
  readonly trash: ReadonlyMap<number, TrashRow> | null;
}

export async function takeCensus(look: MasterLook): Promise<void> {
  const { deps, run, facts } = look;
  const before = await masterRepo.masterState(deps.db);
  const { ids } = await look.master.census(look.signal);
  const missing = await missingDocuments(look, ids);
  const mark = await highWater(look, before, ids);
  const observed = await observe(look, ids, missing);
  await deps.db.transaction().execute(async (trx) => {
    if (ids.length > 0) await absences.noteReturned(trx, ids);
    if (observed) {
      await absences.noteAbsences(trx, observed.absences, run);
      await absences.noteSuspects(trx, 'identity', observed.others, run.id);
      await absences.noteSuspects(trx, 'rollback', observed.rolledBack, run.id);
    }
    if (run.sweep) await absences.noteMasterSweep(trx, run.id, observed !== null);
    for (let at = 0; at < ids.length || at === 0; at += 5000)
      await links.addMissingLinks(trx, ids.slice(at, at + 5000));
    // The very first look has no past: everything is new and dirty, and the feed begins at the master's own clock.
    if (before.cursor_us === null) await masterRepo.setCursor(trx, facts.serverDate * 1000);
    await masterRepo.updateMaster(trx, { document_count: ids.length, ...mark });
    await suspicionCleared(trx, 'shrunk');
  });
  if (observed && observed.rolledBack.length > 0)
    deps.log.error(
      `The master shows ${observed.rolledBack.length} documents as they were earlier: it looks restored from a backup. Nothing is deleted on the replicas until someone confirms.`,
      { runId: run.id, code: 'master_rolled_back' },
    );
}

/** H2, H4: an empty or much shorter list right after a full one is a failure with a name, never "all deleted". */
async function missingDocuments(look: MasterLook, ids: readonly number[]): Promise<Missing> {
  const { deps, master, run, signal } = look;
  const all = await absences.missingFromCensus(deps.db, ids);
  const unexplained = all.filter((one) => !one.explained);
  const known = (await absences.countKnownDocuments(deps.db)) - (all.length - unexplained.length);
  const limit = Math.max(20, Math.ceil(known / 100));
  const tooMany = unexplained.length > limit || (ids.length === 0 && unexplained.length > 0);
  const look2 = tooMany || all.some((one) => !one.noted) || (run.sweep && all.length > 0);
  const trash = look2 ? new Map((await master.trash(signal)).map((row) => [row.id, row])) : null;
  if (!tooMany) return { all, trash };
  const vanished = unexplained.filter(({ id }) => !trash?.has(id));
  if (vanished.length <= limit && (ids.length > 0 || vanished.length === 0)) return { all, trash };
  await absences.replaceMissing(
    deps.db,
    vanished.map(({ id, added }) => ({ id, known: added, seen: null })),
    run.id,
  );
  return suspendMaster(
    deps,
    'shrunk',
    `The master shows ${ids.length} documents; ${vanished.length} of ${known} known ones are neither there nor in its trash.`,
  );
}

/**
 * H2: ids only grow. One that is seen for the first time below the highest known, yet was added well after it, was given out
 * twice: the master is another one than it was.
 */
async function highWater(look: MasterLook, before: masterRepo.MasterState, ids: readonly number[]) {
  const { deps, master, signal } = look;
  const max = ids.reduce((most, id) => Math.max(most, id), 0);
  const anyKnown = (await absences.countKnownDocuments(deps.db)) > 0;
  const mark = anyKnown ? before.high_water_id : null;
  const reused = mark === null ? [] : await absences.unknownUpTo(deps.db, ids, mark);
  const rows = await master.times([...reused, ...(max > (mark ?? 0) ? [max] : [])], signal);
  const markAdded = toMicros(before.high_water_added ?? '');
  const later = rows.filter((row) => reused.includes(row.id) && isLater(row, markAdded));
  if (later.length > 0) {
    await absences.noteSuspects(
      deps.db,
      'reused',
      later.map((row) => ({ id: row.id, known: before.high_water_added, seen: row.added })),
      look.run.id,
    );
    return suspendMaster(
      deps,
      'restored',
      `The master gave out ${later.length} ids again (#${later[0]?.id}, added ${later[0]?.added}): it was restored from a backup, or is another instance.`,
    );
  }
  const top = rows.find((row) => row.id === max && max > (mark ?? 0));
  return top ? { high_water_id: top.id, high_water_added: top.added } : {};
}

function isLater(row: FeedRow, markUs: number | null): boolean {
  const added = toMicros(row.added);
  return markUs !== null && added !== null && added > markUs + HOUR * 1000;
}

interface Observation {
  readonly absences: absences.AbsenceObservation[];
  /** In the trash under a known id, but another document. */
  readonly others: absences.Suspect[];
  /** Shown as they were before: a backup was put back. */
  readonly rolledBack: absences.Suspect[];
}

/** Null: not a clean look. Only a superuser, proven after the last answer too, sees that something is not there. */
async function observe(look: MasterLook, ids: readonly number[], missing: Missing): Promise<Observation | null> {
  const { master, facts, run, signal } = look;
  const observation: Observation = { absences: [], others: [], rolledBack: [] };
  if (missing.trash === null && !run.sweep) return facts.isSuperuser ? observation : null;
  const { trash } = missing;
  if (trash !== null) {
    const top = [...ids, ...trash.keys()].reduce((most, id) => Math.max(most, id), 0);
    for (const one of missing.all) observeOne(observation, one, trash.get(one.id), top);
    observation.rolledBack.push(...(await rolledBack(look)));
  }
  const after = await master.probe(signal);
  return facts.isSuperuser && after.isSuperuser ? observation : null;
}

function observeOne(
  observation: Observation,
  one: absences.MissingDocument,
  row: TrashRow | undefined,
  top: number,
): void {
  if (!row) observation.absences.push({ id: one.id, state: 'absent', newest: one.id > top });
  else if (one.added !== null && checkIdentity(one.added, row.added) === 'other')
    observation.others.push({ id: one.id, known: one.added, seen: row.added });
  else {
    observation.absences.push({ id: one.id, state: 'trashed', newest: false });
    // Going to the trash leaves `modified` as it was; only a restored backup turns it back (paperless-api.md 2.6).
    if (isEarlier(row.modified, one.modified))
      observation.rolledBack.push({ id: one.id, known: one.modified, seen: row.modified });
  }
}

/** The documents applied last are those a restored backup turns back first: 50 of them for one request. */
async function rolledBack({ deps, master, signal }: MasterLook): Promise<absences.Suspect[]> {
  const recent = new Map((await absences.recentlyApplied(deps.db, 50)).map((row) => [row.id, row.modified]));
  const rows = await master.times([...recent.keys()], signal);
  return rows.flatMap((row) => {
    const known = recent.get(row.id) ?? null;
    return isEarlier(row.modified, known) ? [{ id: row.id, known, seen: row.modified }] : [];
  });
}

/** By more than a millisecond: an import cuts times. */
function isEarlier(seen: string, known: string | null): boolean {
  const was = toMicros(known ?? '');
  const is = toMicros(seen);
  return was !== null && is !== null && is < was - 1000;
}
