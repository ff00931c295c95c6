/** The cycle job: reads the master once for all replicas, then starts the replica runs (E1, E3). */
import * as links from '../db/links.repo.ts';
import * as masterRepo from '../db/master.repo.ts';
import * as runs from '../db/runs.repo.ts';
import type { Run } from '../db/tables.ts';
import { checkIdentity } from '../domain/identity.ts';
import { fromMicros, toMicros } from '../domain/instant.ts';
import { AppError, toAppError } from '../kernel/errors.ts';
import type { Capabilities, PaperlessReader } from '../paperless/api.ts';
import { closeReplicaRun, tryCloseCycle } from './close-runs.ts';
import type { EngineDeps } from './deps.ts';

/** May be run again at any time: it resumes the cycle where its rows say it stands. */
export function runCycle(deps: EngineDeps, runId: number, signal: AbortSignal): Promise<'done' | 'busy'> {
  return deps.busy.runs.during(runId, () => carryOn(deps, runId, signal));
}

async function carryOn(deps: EngineDeps, runId: number, signal: AbortSignal): Promise<'done' | 'busy'> {
  const run = await runs.takeRun(deps.db, runId, deps.workerId);
  if (!run) return 'busy';
  const lease: runs.RunLease = { runId, worker: deps.workerId, epoch: run.lease_epoch };
  try {
    if (run.phase === 'opening' || run.phase === 'feed') await readMaster(deps, lease, signal);
    // The children first: whoever dies between the two statements leaves a cycle in `feed`, which is simply read again.
    const children = await runs.startChildren(deps.db, runId);
    await runs.releaseRun(deps.db, lease, { phase: 'replicas' });
    for (const child of children) await deps.queue.replica(child.id, child.dispatch_gen);
    await tryCloseCycle(deps, runId);
    return 'done';
  } catch (thrown) {
    return failCycle(deps, run, lease, toAppError(thrown));
  }
}

/** A master failure closes the cycle and its waiting runs, and never counts against a replica. */
async function failCycle(deps: EngineDeps, run: Run, lease: runs.RunLease, error: AppError): Promise<'done'> {
  if (error.class === 'cancelled') {
    await runs.releaseRun(deps.db, lease, { dispatched_at: null });
    return 'done';
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

async function readMaster(deps: EngineDeps, lease: runs.RunLease, signal: AbortSignal): Promise<void> {
  const master = await deps.instances.master();
  await held(await runs.updateRun(deps.db, lease, { phase: 'feed' }));
  const facts = await master.probe(signal);
  await noteMaster(deps, facts);
  const before = await masterRepo.masterState(deps.db);
  if (before.unconfirmed) await confirmMaster(deps, master, signal);
  const census = await master.census(signal);
  await refuseShrunkMaster(deps, master, census.ids, signal);
  await deps.db.transaction().execute(async (trx) => {
    for (let at = 0; at < census.ids.length || at === 0; at += 5000)
      await links.addMissingLinks(trx, census.ids.slice(at, at + 5000));
    // The very first look has no past: everything is new and dirty, and the feed begins at the master's own clock.
    if (before.cursor_us === null) await masterRepo.setCursor(trx, facts.serverDate * 1000);
    await masterRepo.updateMaster(trx, { document_count: census.ids.length });
  });
  await readFeed(deps, master, before.cursor_us ?? facts.serverDate * 1000, facts.serverDate * 1000, signal);
}

/** E26, H2: at a new address 50 sampled documents must be exactly those we knew, or the copies would be overwritten with others. */
async function confirmMaster(deps: EngineDeps, master: PaperlessReader, signal: AbortSignal): Promise<void> {
  const sample = await links.sampleOfMaster(deps.db, 50);
  let wrong = 0;
  for (const { master_doc_id: id, master_added: added } of sample) {
    const document = await master.document(id, signal);
    if (!document || checkIdentity(added, document.added) !== 'same') wrong += 1;
  }
  if (wrong > 0)
    throw new AppError({
      code: 'identity_changed',
      class: 'config',
      scope: 'instance',
      message: `The address of the master changed, and ${wrong} of ${sample.length} sampled documents are not there as they were known.`,
      hint: 'Correct the address of the master. Nothing was changed anywhere.',
    });
  await masterRepo.updateMaster(deps.db, { unconfirmed: false });
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

/** H2, H4: an empty or much shorter list right after a full one is a failure with a name, never "all deleted". */
async function refuseShrunkMaster(
  deps: EngineDeps,
  master: PaperlessReader,
  ids: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  const known = await knownMasterIds(deps);
  const seen = new Set(ids);
  const missing = known.filter((id) => !seen.has(id));
  const limit = Math.max(20, Math.ceil(known.length / 100));
  if (missing.length === 0 || (missing.length <= limit && ids.length > 0)) return;
  const trashed = new Set((await master.trash(signal)).map((row) => row.id));
  const vanished = missing.filter((id) => !trashed.has(id));
  if (vanished.length <= limit && (ids.length > 0 || vanished.length === 0)) return;
  throw new AppError({
    code: 'master_shrunk',
    class: 'not-an-api',
    scope: 'instance',
    message: `The master shows ${ids.length} documents; ${vanished.length} of ${known.length} known ones are neither there nor in its trash.`,
    hint: 'Check the token and the instance. Nothing was changed anywhere.',
  });
}

async function knownMasterIds(deps: EngineDeps): Promise<number[]> {
  const rows = await deps.db
    .selectFrom('sync_map')
    .select('master_doc_id')
    .distinct()
    .where('phase', '<>', 'gone')
    .execute();
  return rows.map((row) => row.master_doc_id);
}

/**
 * Keyset paging by (modified, id): always page 1 from the last value, so that an edit while reading makes no document be
 * missed; a full page of one single value doubles the page size (protocol section 3). Cursor and marks move together.
 */
async function readFeed(
  deps: EngineDeps,
  master: PaperlessReader,
  cursor: number,
  startedUs: number,
  signal: AbortSignal,
): Promise<void> {
  let from = Math.min(cursor, startedUs) - deps.timings.feedOverlapMs * 1000;
  let size = deps.timings.feedPageSize;
  for (;;) {
    const page = await master.feedPage(fromMicros(from), size, signal);
    const last = page.rows.at(-1);
    const lastUs = last ? toMicros(last.modified) : null;
    const end = page.rows.length < size;
    await deps.db.transaction().execute(async (trx) => {
      await links.addMissingLinks(
        trx,
        page.rows.map((row) => row.id),
      );
      await links.markDirty(trx, page.rows);
      if (lastUs !== null || startedUs < cursor)
        await masterRepo.setCursor(trx, Math.min(Math.max(lastUs ?? cursor, Math.min(cursor, startedUs)), startedUs));
    });
    if (end || lastUs === null) return;
    if (lastUs === from) size = widerPage(size);
    from = lastUs;
  }
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

async function held<T>(row: T | null): Promise<T> {
  if (row !== null) return row;
  throw new AppError({ code: 'run_taken_over', class: 'cancelled', message: 'The run went on in another process.' });
}
