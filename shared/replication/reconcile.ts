/**
 * Reconcile and full resync (E17, E18): every copy that is there already is found by what it is and linked; nothing is
 * uploaded, nothing deleted. Both libraries are read into rows, matched there, and only then are links given their copies,
 * each by compare-and-set: whoever repeats it, after a crash too, comes to the same end.
 */
import { randomBytes } from 'node:crypto';
import * as claims from '../db/reconcile-claims.repo.ts';
import * as proposalsRepo from '../db/proposals.repo.ts';
import * as repo from '../db/reconcile.repo.ts';
import { updateRun } from '../db/runs.repo.ts';
import { MATCH_RULES, type MatchRule } from '../domain/match.ts';
import { AppError, toAppError } from '../kernel/errors.ts';
import type { PaperlessReader } from '../paperless/api.ts';
import { checkDistinctLibraries } from './check-distinct-libraries.ts';
import type { ReplicaFindings } from './check-replica.ts';
import { matches } from './document/file.ts';
import { takeInventory, type Inventory } from './reconcile/inventory.ts';
import { matchCopies } from './reconcile/match-copies.ts';
import { proposeMatches, type Proposed } from './reconcile/propose.ts';
import type { Scan } from './reconcile/scan.ts';
import type { ReplicaRun } from './sync-replica.ts';

const CLAIMS_A_BATCH = 200;

export interface ReconcileSummary {
  readonly mode: repo.ReconcileMode;
  readonly masters: number;
  readonly copies: number;
  /** Links that were not in question. */
  readonly kept: number;
  /** Copies found, by the sign that told. */
  readonly matched: Readonly<Record<Exclude<MatchRule, 'kept'>, number>>;
  /** Uploads under way, which end by themselves. */
  readonly in_flight: number;
  readonly proposals: number;
  /** Master documents that wait for a person's word on a proposal. */
  readonly proposed: number;
  /** Master documents without a copy: the next ordinary cycle uploads them. */
  readonly missing: number;
  /** Further documents of the replica with the bytes of a matched one. */
  readonly extras: number;
  /** Documents of the replica that are nobody's copy, extras included. */
  readonly foreign: number;
}

/** Looks only; `take` is given the proposals. */
export async function matchLibraries(
  scan: Scan,
  take: (proposals: readonly proposalsRepo.NewProposal[]) => Promise<void>,
): Promise<{ inventory: Inventory; summary: ReconcileSummary }> {
  const inventory = await takeInventory(scan);
  await matchCopies(scan);
  const proposed = await proposeMatches(scan, take);
  return { inventory, summary: await summarise(scan, inventory, proposed) };
}

async function summarise(scan: Scan, inventory: Inventory, proposed: Proposed): Promise<ReconcileSummary> {
  const counts = await repo.countRules(scan.db, scan.id);
  const of = (side: repo.Side, rule: repo.RuleCount['rule']): number =>
    counts.find((count) => count.side === side && count.rule === rule)?.n ?? 0;
  const rules = MATCH_RULES.filter((rule) => rule !== 'kept');
  return {
    mode: scan.mode,
    masters: inventory.masters,
    copies: inventory.copies,
    kept: of('master', 'kept'),
    matched: Object.fromEntries(rules.map((rule) => [rule, of('master', rule)])) as ReconcileSummary['matched'],
    in_flight: of('master', 'in_flight'),
    proposals: proposed.proposals,
    proposed: proposed.documents,
    missing: of('master', null) - proposed.documents,
    extras: await repo.countExtras(scan.db, scan.id),
    foreign: of('replica', null),
  };
}

/** The step of a run in mode reconcile or resync; returns the size of its change set. */
export async function reconcileReplica(
  work: ReplicaRun,
  findings: ReplicaFindings,
  mode: repo.ReconcileMode,
): Promise<{ total: number; chunks: number }> {
  const { deps, replica, run } = work;
  const scanId = await repo.openScan(deps.db, { replicaId: replica.id, runId: run.id, mode });
  const scan = await scanOf(work, findings, scanId, mode);
  const { inventory, summary } = await matchLibraries(scan, (proposals) =>
    proposalsRepo.propose(deps.db, scanId, replica.id, proposals),
  );
  await deps.racePoint('reconcile.matched');
  const done = await carryOut(work, scan, summary);
  await deps.racePoint('reconcile.claimed');
  const plan = await claims.countItems(deps.db, run.id);
  const result = { ...summary, ...done };
  await deps.db.transaction().execute(async (trx) => {
    if (!(await updateRun(trx, work.lease, { phase: 'planning' }))) throw takenOver();
    await claims.noteReconciled(trx, replica.id, {
      complete: done.passed_over === 0,
      knownMarks: [...inventory.marked, ...findings.trashMarks],
      highWater: inventory.highWater,
    });
    await repo.finishScan(trx, scanId, result);
  });
  report(work, result);
  return plan;
}

function takenOver(): AppError {
  return new AppError({ code: 'run_taken_over', class: 'cancelled', message: 'The run went on in another process.' });
}

async function scanOf(
  work: ReplicaRun,
  findings: ReplicaFindings,
  id: number,
  mode: repo.ReconcileMode,
): Promise<Scan> {
  const { deps, replica, reader, writer, signal } = work;
  const { asnBase } = await deps.settings();
  const { generation } = await reader.probe(signal);
  return {
    db: deps.db,
    id,
    replicaId: replica.id,
    mode,
    asnBase,
    master: reader,
    replica: writer,
    generations: { master: generation, replica: findings.generation },
    signal,
    hashFile: (masterId) => hashThroughScratch(work, masterId),
  };
}

/** Under the key a later upload asks for, so that what was fetched to be compared need not be fetched to be sent. */
async function hashThroughScratch({ deps, reader, signal }: ReplicaRun, masterId: number) {
  const checksum = await reader.originalChecksum(masterId, signal);
  if (checksum === null) return null;
  const key = `${masterId}.${checksum.hex}`;
  const lent = await deps.scratch.lend(key, null, (path, room) =>
    reader.downloadOriginal(masterId, path, signal, room),
  );
  const { sha256, md5 } = lent.file;
  lent.giveBack();
  if (matches({ sha256, md5 }, checksum.hex)) return { sha256, md5 };
  // Replaced between the two answers, or damaged: nothing is matched by it, the ordinary run finds out which.
  await deps.scratch.discard(key);
  return null;
}

export interface CarriedOut {
  /** Links that gave up a document that is not their copy. */
  readonly released: number;
  readonly claimed: number;
  /** Matched, but owned or worked on by then: the next reconcile looks at them again. */
  readonly passed_over: number;
  /** Linked copies that are not on the replica any more. */
  readonly vanished: number;
}

async function carryOut(work: ReplicaRun, scan: Scan, summary: ReconcileSummary): Promise<CarriedOut> {
  const { deps, replica, lease } = work;
  const found = Object.values(summary.matched).some((n) => n > 0);
  if (found && !replica.library_proven) await proveDistinct(work, scan.master);
  await claims.requireReconcile(deps.db, replica.id, 'A reconcile of this replica began and has not ended yet.');
  const released = await claims.releaseChanged(deps.db, scan.id, lease);
  const claimed = { matched: 0, claimed: 0 };
  for (let after = 0; ; ) {
    work.signal.throwIfAborted();
    const batch = { after, limit: CLAIMS_A_BATCH, chunkSize: deps.timings.chunkSize };
    const given = await claims.claimMatched(deps.db, scan.id, replica.id, lease, batch);
    if (given.last === null) break;
    after = given.last;
    claimed.matched += given.matched;
    claimed.claimed += given.claimed;
    await deps.racePoint('reconcile.batch');
  }
  const vanished = await claims.dirtyVanished(deps.db, scan.id);
  await proposalsRepo.closeStale(deps.db, scan.id, replica.id);
  await proposalsRepo.noteProposedLinks(deps.db, replica.id);
  return { released, claimed: claimed.claimed, passed_over: claimed.matched - claimed.claimed, vanished };
}

/** E26: copies that were found and not sent prove nothing about whose library this is. */
async function proveDistinct(work: ReplicaRun, master: PaperlessReader): Promise<void> {
  const { deps, replica, writer, signal } = work;
  const randomHex = (bytes: number): string => randomBytes(bytes).toString('hex');
  try {
    await checkDistinctLibraries({ randomHex }, { master, replica: writer }, signal);
  } catch (thrown) {
    const error = toAppError(thrown);
    error.target ??= replica.id;
    throw error;
  }
  await deps.db.updateTable('replicas').set({ library_proven: true }).where('id', '=', replica.id).execute();
}

function report(work: ReplicaRun, result: ReconcileSummary & CarriedOut): void {
  const { masters, kept, claimed, missing, proposals, extras } = result;
  const words = `${masters} documents: ${kept} links kept, ${claimed} copies found, ${missing} without a copy, ${proposals} proposals, ${extras} further copies.`;
  const where = { replicaId: work.replica.id, runId: work.run.id };
  work.deps.log.info(`Reconciled replica "${work.replica.name}". ${words}`, where);
}
