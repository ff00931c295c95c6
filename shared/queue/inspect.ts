import type { Job, JobType } from 'bullmq';
import { SECOND } from '../kernel/clock.ts';
import type { QueueBackend } from './backend.ts';
import { QUEUES, type QueueName } from './catalog.ts';

export interface QueueCounts {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly completed: number;
  readonly failed: number;
  /** Of the job that waits longest; 0 if none waits. */
  readonly oldestWaitingMs: number;
}

/** 'paused' is missing in the library's type, though both backends answer it. */
const STATES = ['waiting', 'paused', 'prioritized', 'active', 'delayed', 'completed', 'failed'] as JobType[];

/**
 * Jobs of one queue by state. While a queue is paused, PostgreSQL counts its jobs as paused alone and Redis as waiting
 * alone, so "waiting" is the sum of both.
 */
export async function countJobs(backend: QueueBackend, name: QueueName): Promise<QueueCounts> {
  const queue = backend.queue(name);
  const [counts, [head]] = await Promise.all([queue.getJobCounts(...STATES), queue.getJobs(['waiting'], 0, 0, true)]);
  const of = (state: string) => counts[state] ?? 0;
  return {
    waiting: of('waiting') + of('paused') + of('prioritized'),
    active: of('active'),
    delayed: of('delayed'),
    completed: of('completed'),
    failed: of('failed'),
    oldestWaitingMs: head === undefined ? 0 : waitOf(head),
  };
}

/** One that was snoozed waits since it was last looked at and its pause had passed, not since it was made. */
function waitOf({ timestamp, processedOn, delay }: Job): number {
  return Math.max(0, Date.now() - Math.max(timestamp, processedOn ?? 0) - delay);
}

/** On PostgreSQL counting reads the whole queue, so the numbers of a scrape are at most some seconds old. */
export function createInspector(
  backend: QueueBackend,
  maxAgeMs = 5 * SECOND,
): () => Promise<Record<QueueName, QueueCounts>> {
  let known: { at: number; counts: Promise<Record<QueueName, QueueCounts>> } | undefined;
  const count = async () => {
    const entries = await Promise.all(QUEUES.map(async (name) => [name, await countJobs(backend, name)] as const));
    return Object.fromEntries(entries) as Record<QueueName, QueueCounts>;
  };
  return () => {
    const now = performance.now();
    if (known === undefined || now - known.at > maxAgeMs) {
      const counts = count();
      known = { at: now, counts };
      // A failed count is not kept.
      counts.catch(() => {
        known = undefined;
      });
    }
    return known.counts;
  };
}

export interface QueueLook extends QueueCounts {
  readonly queue: QueueName;
  readonly paused: boolean;
  /** When the job that waits longest was added; null: none waits. */
  readonly oldestAt: Date | null;
}

/** One queue as a person looks at it. */
export async function lookAtQueue(backend: QueueBackend, name: QueueName): Promise<QueueLook> {
  const queue = backend.queue(name);
  const waiting = ['waiting', 'paused', 'prioritized'] as JobType[];
  const [counts, paused, oldest] = await Promise.all([
    countJobs(backend, name),
    queue.isPaused(),
    queue.getJobs(waiting, 0, 0, true) as Promise<(Job | undefined)[]>,
  ]);
  const times = oldest.flatMap((job) => (job === undefined ? [] : [job.timestamp]));
  return { queue: name, ...counts, paused, oldestAt: times.length === 0 ? null : new Date(Math.min(...times)) };
}
