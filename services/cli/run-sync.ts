import { setTimeout as pause } from 'node:timers/promises';
import { EXIT } from '../../shared/config/exit-codes.ts';
import type { Db } from '../../shared/db/tables.ts';
import { findRun, listChildRuns, type RunView } from '../../shared/db/views.repo.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { engineQueue } from '../../shared/replication/engine-queue.ts';
import { loadSettings } from '../../shared/replication/load-settings.ts';
import { openCycle, type OpenedCycle } from '../../shared/replication/open-cycle.ts';
import type { Foundation } from '../../shared/replication/foundation.ts';
import { planReplicas, type ReplicaPlan } from '../../shared/replication/plan-replicas.ts';
import { instanceClients, NO_LIMIT } from '../api/deps.ts';
import { attach, type Attached } from './attach.ts';
import { replicaIdOf } from './find-replica.ts';
import { printJson, printLines } from './print.ts';
import { createProgressPrinter } from './progress.ts';

export interface SyncOptions {
  readonly replica: string | undefined;
  /** Compare everything, changed or not (E19). */
  readonly sweep: boolean;
  readonly dryRun: boolean;
  readonly wait: boolean;
  readonly json: boolean;
}

export async function runSync(options: SyncOptions): Promise<number> {
  const attached = await attach();
  try {
    return await sync(attached, options);
  } finally {
    await attached.close();
  }
}

async function sync({ foundation, alone, startWorker }: Attached, options: SyncOptions): Promise<number> {
  const { database, secrets, producer, log } = foundation;
  const { db } = database;
  const replicaId = options.replica === undefined ? undefined : await replicaIdOf(db, options.replica);
  const settings = () => loadSettings({ db, secrets });
  if (options.dryRun) return plan(foundation, { replicaId, sweep: options.sweep }, options.json);
  if (options.wait && alone) await startWorker();
  const deps = { db, queue: engineQueue(producer), log, clock: systemClock, settings };
  const opened = await openCycle(deps, { trigger: 'cli', replicaId, sweep: options.sweep });
  if (!options.wait) return announce(opened, alone, options.json);
  const end = await follow(db, opened.runId, options.json);
  report(opened, end, options.json);
  return end.run.outcome === 'ok' ? EXIT.ok : EXIT.failure;
}

async function plan(
  { database, secrets, onRequest }: Foundation,
  wanted: { readonly replicaId: number | undefined; readonly sweep: boolean },
  json: boolean,
): Promise<number> {
  const { db } = database;
  const clients = instanceClients({ slots: NO_LIMIT, onRequest });
  const deps = { db, clock: systemClock, secrets, clients, settings: () => loadSettings({ db, secrets }) };
  const plans = await planReplicas(deps, wanted, new AbortController().signal);
  if (json) printJson({ dry_run: true, plans });
  else for (const one of plans) printLines(planLines(one));
  return EXIT.ok;
}

function planLines(one: ReplicaPlan): string[] {
  const { uploads, updates, returns, deletions, equal, taxonomy } = one;
  const counts = `${uploads.length} to upload, ${updates.length} to update, ${returns.length} to bring back`;
  return [
    `${one.replica}: ${counts}, ${deletions.length} to delete; ${equal} looked at and equal`,
    ...taxonomy.map((line) => `  ${line}`),
    ...updates.map((update) => `  #${update.master_doc_id}: ${update.fields.map(({ field }) => field).join(', ')}`),
    ...deletions.map((deletion) => `  #${deletion.master_doc_id}: ${deletion.action} (${deletion.why})`),
  ];
}

function announce(opened: OpenedCycle, alone: boolean, json: boolean): number {
  const { runId, alreadyRunning } = opened;
  if (json) process.stdout.write(`${JSON.stringify({ run_id: runId, already_running: alreadyRunning })}\n`);
  else {
    const words = alreadyRunning ? `Run ${runId} is already under way.` : `Run ${runId} was started.`;
    const later = alone ? ' No controller runs here: it begins with the next start.' : '';
    process.stdout.write(`${words}${later}\n`);
  }
  return EXIT.ok;
}

interface EndedCycle {
  readonly run: RunView;
  readonly replicas: readonly RunView[];
}

const LOOK_EVERY_MS = 500;

export async function follow(db: Db, runId: number, quiet: boolean): Promise<EndedCycle> {
  const printer = createProgressPrinter(process.stderr, quiet);
  for (;;) {
    const [run, replicas] = await Promise.all([findRun(db, runId), listChildRuns(db, runId)]);
    // Only retention removes runs, years later; a vanished one must not be waited for in any case.
    if (run === undefined)
      throw new AppError({ code: 'run_not_found', class: 'not-found', message: `Run ${runId} is gone.` });
    printer.show(run, replicas);
    if (run.finished_at !== null) {
      printer.end();
      return { run, replicas };
    }
    await pause(LOOK_EVERY_MS);
  }
}

function report(opened: OpenedCycle, { run, replicas }: EndedCycle, json: boolean): void {
  if (json) {
    const result = {
      run_id: opened.runId,
      already_running: opened.alreadyRunning,
      outcome: run.outcome,
      error: run.error_msg,
      replicas,
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  for (const replica of replicas) {
    const counts = `${replica.docs_synced} synced, ${replica.docs_failed} failed, ${replica.docs_held} waiting`;
    const why = replica.error_msg === null ? '' : `: ${replica.error_msg}`;
    process.stdout.write(
      `${replica.replica ?? 'removed replica'}: ${replica.outcome ?? 'unfinished'} (${counts})${why}\n`,
    );
  }
  const why = run.error_msg === null || replicas.length > 0 ? '' : `: ${run.error_msg}`;
  process.stdout.write(`Run ${run.id} ended: ${run.outcome ?? 'unknown'}${why}\n`);
}
