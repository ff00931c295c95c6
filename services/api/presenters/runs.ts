import type { RunView } from '../../../shared/db/views.repo.ts';

/** A run as it leaves the API: the row, and what everybody computes from it. */
export function presentRun(run: RunView, now: Date) {
  const end = run.finished_at ?? now;
  return {
    ...run,
    docs_done: docsDone(run),
    running: run.finished_at === null,
    duration_seconds: Math.max(0, Math.round((end.getTime() - run.started_at.getTime()) / 1000)),
  };
}
export type PresentedRun = ReturnType<typeof presentRun>;

/** Held documents wait for a later cycle: this run is done with them. */
export function docsDone(run: Pick<RunView, 'docs_synced' | 'docs_failed' | 'docs_held'>): number {
  return run.docs_synced + run.docs_failed + run.docs_held;
}
