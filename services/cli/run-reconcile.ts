import { EXIT } from '../../shared/config/exit-codes.ts';
import { reconciliationsOf, type ReconcileMode } from '../../shared/db/reconcile.repo.ts';
import { findReplica } from '../../shared/db/replicas.repo.ts';
import type { Db } from '../../shared/db/tables.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { engineQueue } from '../../shared/replication/engine-queue.ts';
import { loadSettings } from '../../shared/replication/load-settings.ts';
import { openReconcile } from '../../shared/replication/open-reconcile.ts';
import { planReconcile, type PlanDeps, type ReconcilePlan } from '../../shared/replication/plan-reconcile.ts';
import type { ReconcileSummary } from '../../shared/replication/reconcile.ts';
import { instanceClients, NO_LIMIT } from '../api/deps.ts';
import { attach, type Attached } from './attach.ts';
import { replicaIdOf } from './find-replica.ts';
import { columns, printJson, printLines } from './print.ts';
import { follow } from './run-sync.ts';

export interface ReconcileOptions {
  readonly replica: string;
  readonly mode: ReconcileMode;
  readonly dryRun: boolean;
  readonly wait: boolean;
  readonly json: boolean;
}

export async function runReconcile(options: ReconcileOptions): Promise<number> {
  const attached = await attach();
  try {
    const { db } = attached.foundation.database;
    const replicaId = await replicaIdOf(db, options.replica);
    if (options.dryRun) return await dryRun(attached, replicaId, options);
    return await reconcile(attached, replicaId, options);
  } finally {
    await attached.close();
  }
}

/** What looking at both instances takes in this process. */
export function planDeps({ foundation }: Attached): PlanDeps {
  const { database, secrets, env } = foundation;
  const { db } = database;
  const settings = () => loadSettings({ db, secrets });
  // Slots are held for a process that beats; this one asks no more at once than an instance is asked by default.
  const clients = instanceClients({ slots: NO_LIMIT, pace: foundation.pace, onRequest: foundation.onRequest });
  return { db, secrets, clients, scratchDir: env.scratchDir, settings };
}

async function dryRun(attached: Attached, replicaId: number, { mode, json }: ReconcileOptions): Promise<number> {
  const deps = planDeps(attached);
  const replica = await findReplica(deps.db, replicaId);
  if (replica === undefined) throw gone();
  const plan = await planReconcile(deps, replica, mode);
  if (json) printJson({ dry_run: true, ...plan });
  else printLines([...summaryLines(plan.summary, 'would be'), ...planLines(plan)]);
  return EXIT.ok;
}

function planLines({ documents, truncated }: ReconcilePlan): string[] {
  const rows = documents.map((row) => [
    `#${row.master_doc_id}`,
    row.replica_doc_id === null ? '-' : `#${row.replica_doc_id}`,
    row.rule ?? 'no copy',
  ]);
  if (rows.length === 0) return [];
  return ['', ...columns([['master', 'copy', 'by'], ...rows]), ...(truncated ? ['... and more'] : [])];
}

export async function reconcile(
  { foundation, alone, startWorker }: Attached,
  replicaId: number,
  { mode, wait, json }: Pick<ReconcileOptions, 'mode' | 'wait' | 'json'>,
): Promise<number> {
  const { database, secrets, producer, log } = foundation;
  const { db } = database;
  if (wait && alone) await startWorker();
  const settings = () => loadSettings({ db, secrets });
  const deps = { db, queue: engineQueue(producer), log, clock: systemClock, settings };
  const runId = await openReconcile(deps, replicaId, mode, 'cli');
  if (!wait) {
    if (json) printJson({ run_id: runId });
    else
      printLines([
        `Run ${runId} was started.${alone ? ' No controller runs here: it begins with the next start.' : ''}`,
      ]);
    return EXIT.ok;
  }
  const { run, replicas } = await follow(db, runId, json);
  const summary = await summaryOf(db, replicaId, replicas[0]?.id);
  if (json) printJson({ run_id: runId, outcome: run.outcome, error: replicas[0]?.error_msg ?? run.error_msg, summary });
  else {
    if (summary) printLines(summaryLines(summary, 'were'));
    const why = replicas[0]?.error_msg ?? run.error_msg;
    printLines([`Run ${runId} ended: ${run.outcome ?? 'unknown'}${why === null ? '' : `: ${why}`}`]);
  }
  return run.outcome === 'ok' ? EXIT.ok : EXIT.failure;
}

async function summaryOf(db: Db, replicaId: number, runId: number | undefined): Promise<ReconcileSummary | null> {
  const found = (await reconciliationsOf(db, replicaId, { limit: 20 })).find((one) => one.run_id === runId);
  return (found?.summary ?? null) as ReconcileSummary | null;
}

function summaryLines(summary: ReconcileSummary, verb: string): string[] {
  const found = Object.entries(summary.matched).filter(([, n]) => n > 0);
  const by = found.map(([rule, n]) => `${n} by ${rule}`).join(', ') || 'none';
  return [
    `${summary.masters} documents on the master, ${summary.copies} on the replica; ${summary.kept} links were kept.`,
    `Copies that ${verb} found: ${by}.`,
    `Without a copy: ${summary.missing}. Proposed to a person: ${summary.proposals}, for ${summary.proposed} documents.`,
    `On the replica only: ${summary.foreign}, of which ${summary.extras} have the bytes of a linked copy.`,
  ];
}

function gone(): AppError {
  return new AppError({ code: 'replica_not_found', class: 'not-found', message: 'The replica was removed meanwhile.' });
}
