/**
 * The sweep (E19): compares all documents of a replica with the master's, changed or not, since "modified" misses changes.
 * It only marks links dirty; the document jobs of the same run carry the changes over (H21). It stands where its row says,
 * so that a library of any size is swept over several runs.
 */
import * as sweeps from '../db/sweeps.repo.ts';
import { suspendReplica } from '../db/runs.repo.ts';
import type { TranslationTables } from '../domain/translate/tables.ts';
import { SECOND } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import { BATCH_SIZE, compareBatch, type CompareScope, type LinkComparison } from './compare-batch.ts';
import type { ReplicaRun } from './sync-replica.ts';

/** Of the time a run may take; the rest is for what was found. */
const SHARE_OF_RUN = 0.5;

export async function sweepReplica(work: ReplicaRun, tables: TranslationTables): Promise<void> {
  const { deps, replica, run } = work;
  if (!run.sweep && replica.sweep_position === null) return;
  await sweeps.beginSweep(deps.db, work.lease, replica.id);
  const { syncCycleTimeoutSeconds } = await deps.settings();
  const until = deps.clock.monotonic() + syncCycleTimeoutSeconds * SECOND * SHARE_OF_RUN;
  const scope = await scopeOf(work, tables);
  const tally: Tally = { compared: 0, differing: 0, identities: 0 };
  let position = replica.sweep_position ?? 0;
  while (deps.clock.monotonic() < until) {
    work.signal.throwIfAborted();
    const links = await sweeps.nextToSweep(deps.db, replica.id, position, BATCH_SIZE);
    const last = links.at(-1);
    if (!last) return endSweep(work, tally);
    await mark(work, tally, await compareBatch(scope, links));
    if (tally.identities > allowedMismatches(scope)) await suspendForIdentity(work, tally.identities);
    position = last.master_doc_id;
    await deps.racePoint('sweep.batch');
    // Under the run's lease: a process that was frozen and woke up must not take the position back.
    if (!(await sweeps.saveSweepPosition(deps.db, work.lease, replica.id, position))) throw takenOver();
  }
  deps.log.info(
    `Sweep goes on in the next run: ${tally.compared} documents compared, ${tally.differing} differ.`,
    where(work),
  );
}

interface Tally {
  compared: number;
  differing: number;
  identities: number;
}

/** Both libraries as they are now, for comparing by batches. */
export async function scopeOf(work: ReplicaRun, tables: TranslationTables): Promise<CompareScope> {
  const { deps, replica, reader, writer, signal } = work;
  const [master, copies] = await Promise.all([reader.census(signal), writer.census(signal)]);
  return {
    db: deps.db,
    replicaId: replica.id,
    master: reader,
    replica: writer,
    tables,
    masterIds: new Set(master.ids),
    replicaIds: new Set(copies.ids),
    signal,
  };
}

async function mark(work: ReplicaRun, tally: Tally, compared: readonly LinkComparison[]): Promise<void> {
  const swept = compared.map((one) => ({ linkId: one.link.id, differs: isOff(one), masterHash: one.masterHash }));
  tally.compared += compared.length;
  tally.identities += compared.filter((one) => one.kind === 'identity').length;
  tally.differing += await sweeps.markSwept(work.deps.db, work.replica.id, swept);
}

/** A master document that is gone is the business of deletions, not of the copy's link. */
function isOff(one: LinkComparison): boolean {
  if (one.kind === 'compared') return one.differences.length > 0;
  return one.kind === 'identity' || one.side === 'replica';
}

/** H2: so many other documents under known ids are no accident of one document, the instance was restored. */
function allowedMismatches(scope: CompareScope): number {
  return Math.max(5, Math.ceil(scope.replicaIds.size / 1000));
}

async function suspendForIdentity(work: ReplicaRun, count: number): Promise<never> {
  const message = `${count} documents are not the ones they were: replica "${work.replica.name}" or the master was restored, and its ids are used again.`;
  await suspendReplica(work.deps.db, work.replica.id, 'identity_changed', message);
  work.deps.log.error(`${message} The replica is suspended until someone confirms.`, {
    ...where(work),
    code: 'identity_changed',
  });
  throw new AppError({
    code: 'identity_changed',
    class: 'config',
    scope: 'instance',
    message,
    hint: 'Reconcile the replica. Nothing was written.',
  });
}

async function endSweep(work: ReplicaRun, tally: Tally): Promise<void> {
  await sweeps.endSweep(work.deps.db, work.lease, work.replica.id);
  work.deps.log.info(`Sweep finished: ${tally.compared} documents compared, ${tally.differing} differ.`, where(work));
}

const where = (work: ReplicaRun) => ({ replicaId: work.replica.id, runId: work.run.id });

function takenOver(): AppError {
  return new AppError({ code: 'run_taken_over', class: 'cancelled', message: 'The run went on in another process.' });
}
