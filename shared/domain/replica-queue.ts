/** When uploads to a replica pause: its queue is long, or stands (E14). */
export interface WaitingTask {
  readonly taskId: string;
  /** Since it was queued, by the replica's own clock. */
  readonly ageMs: number;
  /** Since a worker took it; null: not taken, or not told. */
  readonly startedMs: number | null;
}

const MINUTE = 60_000;
/** A message that waits for an hour is run twice (protocol F5): far before that nothing more is queued behind it. */
export const STANDING_MS = 30 * MINUTE;
/** Twice the time after which the broker delivers a message again: a row older than that has lost its message (F5). */
const LOST_MS = 120 * MINUTE;
/** paperless ends its workers after 1800 s: a row that says otherwise is left from one that died. */
const DEAD_MS = 31 * MINUTE;

export interface QueueView {
  /** Uploads of others: people, mail, folders. */
  readonly foreign: number;
  /** Age of the oldest that still counts, ours included; null: the queue is empty. */
  readonly oldestMs: number | null;
}

/** What of a task list still waits. `ours`: tasks of our uploads, by whether we still wait for them. */
export function viewQueue(tasks: readonly WaitingTask[], ours: ReadonlyMap<string, boolean>): QueueView {
  const alive = tasks.filter(
    (task) =>
      task.ageMs < LOST_MS &&
      (task.startedMs === null || task.startedMs < DEAD_MS) &&
      ours.get(task.taskId.toLowerCase()) !== false,
  );
  const ages = alive.map((task) => task.ageMs);
  return {
    foreign: alive.filter((task) => !ours.has(task.taskId.toLowerCase())).length,
    oldestMs: ages.length === 0 ? null : Math.max(...ages),
  };
}

/** How many more uploads the replica's queue takes. `foreign` null: nobody has looked yet. */
export function roomInQueue(
  queue: { readonly foreign: number | null; readonly oldestAt: Date | null },
  ours: number,
  limit: number,
  now: Date,
): number {
  if (queue.foreign === null) return 0;
  if (queue.oldestAt !== null && now.getTime() - queue.oldestAt.getTime() > STANDING_MS) return 0;
  return Math.max(0, limit - queue.foreign - ours);
}
