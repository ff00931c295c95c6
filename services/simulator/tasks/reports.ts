/**
 * Summaries of tasks that v3 has.
 */

import { json, type Reply } from '../http/reply.ts';
import { isoTime } from '../state/clock.ts';
import type { TaskRow } from '../state/model.ts';
import { taskJsonV10 } from './serialize.ts';

const MOST_ACTIVE = 50;

const isActive = (row: TaskRow): boolean => row.status === 'pending' || row.status === 'started';

export const activeTasks = (rows: readonly TaskRow[]): Reply =>
  json(rows.filter(isActive).slice(0, MOST_ACTIVE).map(taskJsonV10));

export function statusCounts(rows: readonly TaskRow[]): Reply {
  const open = rows.filter((row) => !row.acknowledged);
  const count = (keep: (row: TaskRow) => boolean): number => open.filter(keep).length;
  return json({
    all: open.length,
    needs_attention: count((row) => row.status === 'failure'),
    in_progress: count(isActive),
    completed: count((row) => row.status === 'success'),
  });
}

function average(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length / 1_000_000;
}

/** One line for each kind of task there is. */
export function summary(rows: readonly TaskRow[]): Reply {
  const kinds = [...new Set(rows.map((row) => row.kind))].sort();
  return json(
    kinds.map((kind) =>
      lineOf(
        kind,
        rows.filter((row) => row.kind === kind),
      ),
    ),
  );
}

function lineOf(kind: string, rows: readonly TaskRow[]): Record<string, unknown> {
  const latest = (keep: (row: TaskRow) => boolean): string | null => {
    const times = rows.filter(keep).map((row) => row.created);
    return times.length === 0 ? null : isoTime(Math.max(...times));
  };
  const ended = rows.filter((row) => row.started !== null && row.done !== null);
  return {
    task_type: kind,
    total_count: rows.length,
    pending_count: rows.filter(isActive).length,
    success_count: rows.filter((row) => row.status === 'success').length,
    failure_count: rows.filter((row) => row.status === 'failure').length,
    avg_duration_seconds: average(ended.map((row) => (row.done ?? 0) - (row.started ?? 0))),
    avg_wait_time_seconds: average(ended.map((row) => (row.started ?? 0) - row.created)),
    last_run: latest(() => true),
    last_success: latest((row) => row.status === 'success'),
    last_failure: latest((row) => row.status === 'failure'),
  };
}
