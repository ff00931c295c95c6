import { setTimeout as pause } from 'node:timers/promises';
import type { Controller, Progress, Run } from './controller.ts';
import type { Narrator } from './narrator.ts';

const LOOK_EVERY_MS = 400;
/** Far beyond what a hundred documents can take, and beyond the limit of a run: what hangs should say so. */
const CYCLE_LIMIT_MS = 45 * 60_000;

/** Runs one cycle over all replicas and shows it; returns each replica's own run. */
export async function runCycle(
  controller: Controller,
  narrator: Narrator,
  options: { readonly sweep?: boolean } = {},
): Promise<ReadonlyMap<string, Run>> {
  const deadline = performance.now() + CYCLE_LIMIT_MS;
  const runId = await controller.startCycle(options);
  while (performance.now() < deadline) {
    const progress = await controller.progress();
    const runs = await controller.runs();
    // Runs are children of the cycle that opened them; one that a schedule opened a moment earlier is as good.
    const cycle = runs.find(({ id }) => id === runId);
    if (!progress.running && cycle?.finished_at !== null && cycle !== undefined) return latestByReplica(runs);
    narrator.progress(progressLine(progress));
    await pause(LOOK_EVERY_MS);
  }
  throw new Error('The cycle did not end within three quarters of an hour.');
}

/** Newest first, as the API lists them. */
function latestByReplica(runs: readonly Run[]): Map<string, Run> {
  const latest = new Map<string, Run>();
  for (const run of runs) {
    if (run.kind === 'replica' && run.replica !== null && !latest.has(run.replica)) latest.set(run.replica, run);
  }
  return latest;
}

function progressLine({ phase, replicas }: Progress): string {
  if (replicas.length === 0) return `  ${phase}`;
  const parts = replicas.map(
    (replica) => `${replica.name} ${replica.phase} ${replica.docs_done}/${replica.docs_total}`,
  );
  return `  ${parts.join('   ')}`;
}

export function runSeconds({ started_at: started, finished_at: finished }: Run): number {
  return finished === null ? 0 : (Date.parse(finished) - Date.parse(started)) / 1000;
}

/** Tells of each later cycle that carried something over; one that was killed is back in a moment. */
export async function watchCycles(controller: Controller, narrator: Narrator): Promise<never> {
  // Runs of two replicas end in any order, so that no single id says which were told.
  const isOver = ({ finished_at: finished }: Run) => finished !== null;
  const told = new Set((await controller.runs()).filter(isOver).map(({ id }) => id));
  for (;;) {
    await pause(1_000);
    const runs = await controller.runs().catch((): Run[] => []);
    const finished = runs.filter((run) => run.kind === 'replica' && isOver(run) && !told.has(run.id)).reverse();
    for (const run of finished) {
      if (run.docs_synced + run.docs_failed > 0 || run.outcome !== 'ok') narrator.say(runLine(run));
      told.add(run.id);
    }
  }
}

function runLine(run: Run): string {
  const failed = run.docs_failed > 0 ? `, ${run.docs_failed} failed` : '';
  const trouble = run.error_msg === null ? '' : ` (${run.error_msg})`;
  return `  ${run.replica}: ${run.docs_synced} carried over${failed}, ${run.outcome}, ${runSeconds(run).toFixed(1)} s${trouble}`;
}
