/**
 * The document job: "look at link L". Takes the lease, reads the truth from the database, walks the state table from where
 * the durable rows say it stands, and writes what came of it. May be run again at any time, by anyone, with the same result.
 */
import * as links from '../db/links.repo.ts';
import * as runs from '../db/runs.repo.ts';
import type { Link, Run } from '../db/tables.ts';
import { BEGUN, entryPhase, type Phase } from '../domain/document-state.ts';
import { AppError } from '../kernel/errors.ts';
import { closeReplicaRun, tryCloseReplicaRun } from './close-runs.ts';
import type { EngineDeps } from './deps.ts';
import { awaitUpload } from './document/await-upload.ts';
import { finalise } from './document/finalise.ts';
import { followSighting, locate, lookForUpload } from './document/locate.ts';
import { resumeReplacement } from './document/replace.ts';
import { settleEnd, settleSnooze } from './document/settle.ts';
import { settleFailure } from './document/settle-failure.ts';
import { prepare, resolveUnknown } from './document/upload.ts';
import { end, type DocumentWork, type Step } from './document/work.ts';
import { openWork } from './open-work.ts';
import { quietEnd } from './rest.ts';

/** Phases in which a job can act; the others are where links rest. */
type ActivePhase = Exclude<Phase, 'ok' | 'failed' | 'dlq' | 'blocked' | 'gone' | 'excluded'>;

const STEPS: Record<ActivePhase, (work: DocumentWork) => Promise<Step>> = {
  pending: locate,
  locating: locate,
  prepared: prepare,
  sending: lookAgain,
  unknown: lookAgain,
  awaiting: awaitUpload,
  claimed: finalise,
  finalising: finalise,
  linking: finalise,
  releasing: finalise,
};

/** A chain longer than this is a loop of ours; the document is set aside instead of turning for ever. */
const MAX_STEPS = 40;

export type DocumentOutcome = {
  readonly kind: 'done' | 'skipped' | 'snoozed';
  readonly why?: string;
  /** The job is to come back at this time; otherwise the dispatcher makes a new one. */
  readonly until?: Date;
};

export function syncDocument(
  deps: EngineDeps,
  job: { linkId: number; generation: number },
  signal: AbortSignal,
): Promise<DocumentOutcome> {
  return deps.busy.links.during(job.linkId, signal, (own) => lookAt(deps, job, own));
}

async function lookAt(
  deps: EngineDeps,
  job: { linkId: number; generation: number },
  signal: AbortSignal,
): Promise<DocumentOutcome> {
  const link = await links.takeLease(deps.db, job.linkId, deps.workerId, job.generation);
  if (!link) return { kind: 'skipped', why: 'leased elsewhere or overtaken by a newer job' };
  const lease: links.LeaseRef = { linkId: link.id, worker: deps.workerId, epoch: link.lease_epoch };
  const run = await openRunOf(deps, link);
  if (!run) {
    await links.releaseLease(deps.db, lease, {});
    return { kind: 'skipped', why: 'no open run wants this document' };
  }
  if (link.excluded_at !== null) return leaveOut(deps, lease, run);
  const outcome = await deps.busy.workOfRuns.during(run.id, signal, (own) => work(deps, link, lease, run, own));
  deps.wake(run.id);
  return outcome;
}

/** A person excluded it after it was planned: before any request, and what is on record of it stays as it is. */
async function leaveOut(deps: EngineDeps, lease: links.LeaseRef, run: Run): Promise<DocumentOutcome> {
  await deps.db.transaction().execute(async (trx) => {
    if (await links.releaseLease(trx, lease, {})) await runs.settleItem(trx, run.id, lease.linkId, 'held', 0);
  });
  await tryCloseReplicaRun(deps, run.id);
  return { kind: 'skipped', why: 'excluded by a person' };
}

async function work(
  deps: EngineDeps,
  link: Link,
  lease: links.LeaseRef,
  run: Run,
  signal: AbortSignal,
): Promise<DocumentOutcome> {
  let opened: DocumentWork | null = null;
  try {
    opened = await openWork(deps, link, lease, run, signal);
    const until = restBefore(opened);
    if (until) {
      await links.rest(deps.db, lease, until);
      return { kind: 'snoozed', until };
    }
    const step = link.crash_count > 3 ? crashesWorkers() : await walk(opened);
    if (step.kind === 'snooze') return await settleSnooze(opened, step);
    if (step.kind === 'end') await settleEnd(opened, step);
    await tryCloseReplicaRun(deps, run.id);
    return { kind: 'done' };
  } catch (thrown) {
    const verdict = await settleFailure({ deps, link, lease, run, work: opened }, thrown);
    if (verdict.failRun) await closeReplicaRun(deps, run.id, verdict.failRun);
    else await tryCloseReplicaRun(deps, run.id);
    return { kind: 'snoozed', why: verdict.why, ...(verdict.until === undefined ? {} : { until: verdict.until }) };
  } finally {
    opened?.lent?.giveBack();
  }
}

/** What was begun is brought to its end; anything else waits for quiet hours to pass, and where its turn is far off. */
function restBefore(opened: DocumentWork): Date | null {
  const { deps, settings, replica, run, entered } = opened;
  const { replica_doc_id: replicaDocId } = opened.link;
  const begun = BEGUN.some((phase) => phase === entered);
  const now = deps.clock.now();
  const quiet = begun ? null : quietEnd(settings, replica, run, now);
  if (quiet) return quiet;
  // Uploads go where there is room for the file, or wait for it.
  if (deps.scratch.isFull && !begun && replicaDocId === null) return new Date(now.getTime() + deps.timings.fullDiskMs);
  const turn = Math.max(deps.pace.waitMs(replica.id), deps.pace.waitMs(0));
  return turn > deps.timings.longestTurnMs ? new Date(now.getTime() + turn) : null;
}

async function walk(opened: DocumentWork): Promise<Step> {
  let phase =
    (await resumeReplacement(opened)) ??
    entryPhase({ replicaDocId: opened.link.replica_doc_id, lastAttempt: opened.attempts.at(-1)?.state ?? null });
  const trail: string[] = [];
  for (let steps = 0; steps < MAX_STEPS; steps += 1) {
    opened.signal.throwIfAborted();
    if (!(phase in STEPS)) return end('ok');
    const step = await STEPS[phase as ActivePhase](opened);
    if (step.kind !== 'go') return step;
    trail.push(phase);
    phase = step.phase;
  }
  throw new AppError({
    code: 'document_restless',
    class: 'internal',
    message: `The document changed state ${MAX_STEPS} times in one look (last: ${[...trail.slice(-4), phase].join(', ')}).`,
  });
}

async function lookAgain(opened: DocumentWork): Promise<Step> {
  return resolveUnknown(opened, async () => {
    const sighting = await lookForUpload(opened);
    return sighting.kind === 'nothing' ? null : followSighting(opened, sighting);
  });
}

/** H20: three leases in a row ended with the death of their process. */
function crashesWorkers(): Step {
  return end(
    'dlq',
    'crashes_worker',
    'Processes died while working on this document, three times in a row. It is left alone until it changes or someone retries.',
  );
}

async function openRunOf(deps: EngineDeps, link: Link): Promise<Run | null> {
  const run = await runs.openRunOf(deps.db, link.replica_id);
  if (!run || run.phase !== 'documents') return null;
  const item = await deps.db
    .selectFrom('run_items')
    .select('state')
    .where('run_id', '=', run.id)
    .where('link_id', '=', link.id)
    .where('state', 'in', ['open', 'planned'])
    .executeTakeFirst();
  return item ? run : null;
}
