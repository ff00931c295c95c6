/** The cycle job: reads the master once for all replicas, then starts the replica runs (E1, E3). */
import { alsoKnownAt } from '../db/identity.repo.ts';
import * as links from '../db/links.repo.ts';
import * as masterRepo from '../db/master.repo.ts';
import * as runs from '../db/runs.repo.ts';
import type { Run } from '../db/tables.ts';
import { checkIdentity } from '../domain/identity.ts';
import { AppError, toAppError } from '../kernel/errors.ts';
import type { Capabilities, PaperlessReader } from '../paperless/api.ts';
import { closeReplicaRun, tryCloseCycle } from './close-runs.ts';
import type { EngineDeps } from './deps.ts';
import { takeCensus, type MasterLook } from './master-census.ts';
import { readFeed } from './master-feed.ts';
import { restOf, type JobEnd } from './rest.ts';
import { sendRuns } from './send-runs.ts';
import { refuseSuspended, suspendIfReplaced } from './master-suspension.ts';

/** May be run again at any time: it resumes the cycle where its rows say it stands. */
export function runCycle(deps: EngineDeps, runId: number, signal: AbortSignal): Promise<JobEnd> {
  return deps.busy.runs.during(runId, signal, (own) =>
    deps.busy.workOfRuns.during(runId, own, (stoppable) => carryOn(deps, runId, stoppable)),
  );
}

async function carryOn(deps: EngineDeps, runId: number, signal: AbortSignal): Promise<JobEnd> {
  const run = await runs.takeRun(deps.db, runId, deps.workerId);
  if (!run) return 'busy';
  const lease: runs.RunLease = { runId, worker: deps.workerId, epoch: run.lease_epoch };
  try {
    if (run.phase === 'opening' || run.phase === 'feed') await readMaster(deps, run, lease, signal);
    // The children first: whoever dies between the two statements leaves a cycle in `feed`, which is simply read again.
    const children = await runs.startChildren(deps.db, runId, deps.workerId);
    await runs.releaseRun(deps.db, lease, { phase: 'replicas' });
    await sendRuns(deps, children);
    await tryCloseCycle(deps, runId);
    return 'done';
  } catch (thrown) {
    return failCycle(deps, run, lease, toAppError(thrown));
  }
}

/** A master failure closes the cycle and its waiting runs, and never counts against a replica. */
async function failCycle(deps: EngineDeps, run: Run, lease: runs.RunLease, error: AppError): Promise<JobEnd> {
  if (error.class === 'cancelled') {
    await runs.releaseRun(deps.db, lease, { dispatched_at: null });
    return 'done';
  }
  const until = restOf(error, deps.clock.now());
  if (until) {
    await runs.releaseRun(deps.db, lease, { dispatched_at: until });
    return until;
  }
  await masterRepo.updateMaster(deps.db, { error_code: error.code, error_msg: error.message });
  deps.log.error(`The master could not be read: ${error.message}`, { runId: run.id, code: error.code });
  for (const child of await runs.childrenOf(deps.db, run.id))
    if (!child.finished_at)
      await closeReplicaRun(deps, child.id, {
        outcome: 'failed',
        errorCode: error.code,
        errorMsg: error.message,
        errorSide: 'master',
      });
  await runs.closeRun(deps.db, run.id, {
    outcome: 'failed',
    errorCode: error.code,
    errorMsg: error.message,
    errorSide: 'master',
  });
  return 'done';
}

async function readMaster(deps: EngineDeps, run: Run, lease: runs.RunLease, signal: AbortSignal): Promise<void> {
  const master = await deps.instances.master();
  await held(await runs.updateRun(deps.db, lease, { phase: 'feed' }));
  const facts = await master.probe(signal);
  await noteMaster(deps, facts);
  const before = await masterRepo.masterState(deps.db);
  refuseSuspended(before);
  if (before.unconfirmed) await confirmNewAddress(deps, master, signal);
  const look: MasterLook = { deps, master, run, facts, signal };
  await takeCensus(look);
  const startedUs = facts.serverDate * 1000;
  await readFeed(look, before.cursor_us, startedUs);
  await suspendIfReplaced(deps);
}

/**
 * E26, H2: at a new address 50 sampled documents must be exactly those we knew, or the copies would be overwritten with others.
 * A replica that was seeded by import has the same ids, and times that are cut at most: it must never pass for the master.
 */
async function confirmNewAddress(deps: EngineDeps, master: PaperlessReader, signal: AbortSignal): Promise<void> {
  const sample = await links.sampleOfMaster(deps.db, 50);
  const ids = sample.map((known) => known.master_doc_id);
  const read = await master.identities(ids, signal);
  const added = new Map(read.map((row) => [row.id, row.added]));
  const verdicts = sample.map(({ master_doc_id: id, master_added }) => {
    const now = added.get(id);
    return now === undefined ? 'other' : checkIdentity(master_added, now);
  });
  const wrong = verdicts.filter((verdict) => verdict === 'other').length;
  if (wrong > 0)
    throw addressRefused(
      'identity_changed',
      `${wrong} of ${sample.length} sampled documents are not there as they were known`,
    );
  if (verdicts.includes('cut'))
    throw addressRefused(
      'identity_cut',
      'its documents are there only with times cut to milliseconds, as in an import of it',
    );
  const others = await alsoKnownAt(deps.db, read, { master: true, replicaId: null });
  if (others.length > 0)
    throw addressRefused('identity_ambiguous', `the sampled documents are just as well those of ${others.join(', ')}`);
  await masterRepo.updateMaster(deps.db, { unconfirmed: false });
}

function addressRefused(code: string, why: string): AppError {
  return new AppError({
    code,
    class: 'config',
    scope: 'instance',
    message: `The address of the master changed, and ${why}.`,
    hint:
      code === 'identity_changed'
        ? 'Correct the address of the master. Nothing was changed anywhere.'
        : 'Correct the address of the master; if it is right, POST /api/master/confirm with {"accept": "address"}. Nothing was changed anywhere.',
  });
}

async function noteMaster(deps: EngineDeps, facts: Capabilities): Promise<void> {
  if (!facts.isSuperuser)
    deps.log.warning(
      "The master token is not a superuser's: documents it cannot see are not replicated, and nothing can be called verified.",
      { code: 'master_subset' },
    );
  await masterRepo.updateMaster(deps.db, {
    generation: facts.generation,
    version: facts.version,
    is_superuser: facts.isSuperuser,
    last_contact_at: deps.clock.now(),
    error_code: null,
    error_msg: null,
  });
}

async function held<T>(row: T | null): Promise<T> {
  if (row !== null) return row;
  throw new AppError({ code: 'run_taken_over', class: 'cancelled', message: 'The run went on in another process.' });
}
