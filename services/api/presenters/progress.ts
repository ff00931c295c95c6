/** What runs right now, over all processes: read from the runs, whoever works on them. */
import type { RunView } from '../../../shared/db/views.repo.ts';
import { docsDone } from './runs.ts';

export interface Progress {
  readonly running: boolean;
  /** The earliest phase among what runs; `idle` when nothing does. */
  readonly phase: string;
  readonly docs_done: number;
  readonly docs_total: number;
  readonly replicas: readonly {
    readonly id: number;
    readonly name: string;
    readonly run_id: number;
    readonly phase: string;
    readonly docs_done: number;
    readonly docs_failed: number;
    readonly docs_total: number;
    readonly bytes: number;
  }[];
}

export function presentProgress(openRuns: readonly RunView[]): Progress {
  const replicas = openRuns.flatMap((run) =>
    run.kind !== 'replica' || run.replica_id === null
      ? []
      : [
          {
            id: run.replica_id,
            name: run.replica ?? '',
            run_id: run.id,
            phase: run.phase,
            docs_done: docsDone(run),
            docs_failed: run.docs_failed,
            docs_total: run.docs_total,
            bytes: run.bytes,
          },
        ],
  );
  const cycle = openRuns.find((run) => run.kind === 'cycle');
  const sum = (key: 'docs_done' | 'docs_total') => replicas.reduce((total, replica) => total + replica[key], 0);
  return {
    running: openRuns.length > 0,
    phase:
      replicas.find((replica) => replica.phase !== 'waiting')?.phase ?? cycle?.phase ?? replicas[0]?.phase ?? 'idle',
    docs_done: sum('docs_done'),
    docs_total: sum('docs_total'),
    replicas,
  };
}
