/** The replica job: is it the instance we know, does it have the taxonomy, and which documents are due (architecture 3). */
import { planBegun } from '../db/promotions.repo.ts';
import { countItems } from '../db/reconcile-claims.repo.ts';
import * as runs from '../db/runs.repo.ts';
import { noteRetried } from '../db/stats.repo.ts';
import type { Replica, Run } from '../db/tables.ts';
import { planHinted } from '../db/webhook-events.repo.ts';
import { tablesToJson, type TablesJson } from '../domain/translate/tables.ts';
import { AppError, toAppError } from '../kernel/errors.ts';
import type { PaperlessReader, PaperlessWriter } from '../paperless/api.ts';
import { noteFacts } from '../telemetry/context.ts';
import { checkReplica, type ReplicaFindings } from './check-replica.ts';
import { closeReplicaRun, tryCloseReplicaRun } from './close-runs.ts';
import type { EngineDeps } from './deps.ts';
import { settleEqual } from './settle-equal.ts';
import { sweepReplica } from './sweep.ts';
import { ensureTaxonomy } from './ensure-taxonomy.ts';
import { planDeletions } from './plan-deletions.ts';
import { quietEnd, quietHours, restOf, type JobEnd } from './rest.ts';
import { reconcileReplica } from './reconcile.ts';
import { BY_WEBHOOK } from './webhook/by-webhook.ts';

/** What the document jobs of a run need to know of both instances; kept as JSON in the run's row. */
export interface RunContext {
  readonly tables: TablesJson;
  readonly findings: ReplicaFindings;
}

export interface ReplicaRun {
  readonly deps: EngineDeps;
  readonly run: Run;
  readonly lease: runs.RunLease;
  readonly replica: Replica;
  readonly reader: PaperlessReader;
  readonly writer: PaperlessWriter;
  readonly signal: AbortSignal;
}

/** May be run again at any time: every step is idempotent, the phase says where to go on. */
export function syncReplica(deps: EngineDeps, runId: number, signal: AbortSignal): Promise<JobEnd> {
  return deps.busy.runs.during(runId, signal, (own) =>
    deps.busy.workOfRuns.during(runId, own, (stoppable) => carryOn(deps, runId, stoppable)),
  );
}

async function carryOn(deps: EngineDeps, runId: number, signal: AbortSignal): Promise<JobEnd> {
  const run = await runs.takeRun(deps.db, runId, deps.workerId);
  if (!run || run.replica_id === null) return 'busy';
  const lease: runs.RunLease = { runId, worker: deps.workerId, epoch: run.lease_epoch };
  try {
    if (run.phase !== 'documents') await prepare(deps, run, lease, signal);
    await runs.releaseRun(deps.db, lease);
    deps.wake(runId);
    await tryCloseReplicaRun(deps, runId);
  } catch (thrown) {
    return failRun(deps, run, lease, toAppError(thrown));
  }
  return 'done';
}

async function prepare(deps: EngineDeps, run: Run, lease: runs.RunLease, signal: AbortSignal): Promise<void> {
  const replica = await deps.db
    .selectFrom('replicas')
    .selectAll()
    .where('id', '=', run.replica_id ?? 0)
    .executeTakeFirst();
  if (!replica)
    throw new AppError({ code: 'replica_deleted', class: 'cancelled', message: 'The replica was deleted.' });
  noteFacts({ cycle_id: run.parent_run_id, replica: replica.name, replica_id: replica.id, mode: run.mode });
  const now = deps.clock.now();
  const quiet = quietEnd(await deps.settings(), replica, run, now);
  if (quiet) throw quietHours(quiet, now);
  const work: ReplicaRun = {
    deps,
    run,
    lease,
    replica,
    reader: await deps.instances.master(),
    writer: await deps.instances.replica(replica.id),
    signal,
  };
  const findings = await checkReplica(work);
  await step(deps, lease, { phase: 'taxonomy' });
  const tables = await ensureTaxonomy(work, findings.tokenUser);
  const context: RunContext = { tables: tablesToJson(tables), findings };
  const hinted = run.triggered_by === BY_WEBHOOK;
  if (run.mode === 'sync' && !hinted) await sweepReplica(work, tables);
  await step(deps, lease, { phase: 'planning', context: JSON.stringify(context) });
  const plan = await planOf(work, findings, hinted);
  await noteRetried(deps.db, run.id);
  if (plan.total > deps.timings.chunkSize) await runs.analyzeWork(deps.db);
  await settleEqual(work, tables, plan.total);
  noteFacts({ documents: plan.total });
  await step(deps, lease, { phase: 'documents', docs_total: plan.total });
  await deps.queue.chunks(run.id, [...Array(plan.chunks).keys()]);
}

/** The change set. A run that hints opened looks at their documents alone; what is to be deleted only a cycle has looked for. */
async function planOf(work: ReplicaRun, findings: ReplicaFindings, hinted: boolean) {
  const { deps, run, replica } = work;
  const { chunkSize } = deps.timings;
  if (run.mode === 'reconcile' || run.mode === 'resync') return reconcileReplica(work, findings, run.mode);
  if (run.mode === 'drain') {
    await planBegun(deps.db, run.id, replica.id, { marked: findings.marked, chunkSize });
    return countItems(deps.db, run.id);
  }
  if (hinted) return planHinted(deps.db, run.id, replica.id);
  await planDeletions(work);
  return runs.planItems(deps.db, run.id, replica.id, chunkSize);
}

async function step(deps: EngineDeps, lease: runs.RunLease, patch: runs.RunPatch): Promise<void> {
  if (await runs.updateRun(deps.db, lease, patch)) return;
  throw new AppError({ code: 'run_taken_over', class: 'cancelled', message: 'The run went on in another process.' });
}

async function failRun(deps: EngineDeps, run: Run, lease: runs.RunLease, error: AppError): Promise<JobEnd> {
  const until = restOf(error, deps.clock.now());
  if (error.class === 'cancelled' || until) {
    await runs.releaseRun(deps.db, lease, { dispatched_at: until });
    return until ?? 'done';
  }
  const side = error.target === 0 ? 'master' : 'replica';
  await closeReplicaRun(deps, run.id, {
    outcome: 'failed',
    errorCode: error.code,
    errorMsg: error.message,
    errorSide: side,
  });
  return 'done';
}

/** The chunk job: its links may be dispatched from now on. */
export async function openChunk(deps: EngineDeps, runId: number, chunk: number): Promise<void> {
  await runs.openChunk(deps.db, runId, chunk);
  deps.wake(runId);
}
