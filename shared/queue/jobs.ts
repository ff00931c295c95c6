/** Single jobs, for people who look into the queue. What failed for a document is no failed job: it is in its row (DLQ). */
import type { Job, JobType } from 'bullmq';
import { AppError } from '../kernel/errors.ts';
import type { QueueBackend } from './backend.ts';
import { QUEUES, type QueueName } from './catalog.ts';

export const JOB_STATES = ['waiting', 'active', 'delayed', 'completed', 'failed'] as const;
export type JobState = (typeof JOB_STATES)[number];

export interface JobView {
  /** Queue and id within it: ids are numbered anew in each queue. BullMQ allows no colon in an id of ours. */
  readonly id: string;
  readonly queue: QueueName;
  readonly name: string;
  readonly state: JobState;
  /** Ids only. */
  readonly payload: unknown;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly dueAt: Date | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly error: string | null;
}

/** 'paused' is missing in the library's type, though both backends answer it. */
const TYPES: Readonly<Record<JobState, readonly string[]>> = {
  waiting: ['waiting', 'paused', 'prioritized'],
  active: ['active'],
  delayed: ['delayed'],
  completed: ['completed'],
  failed: ['failed'],
};

/** As far as people page: a queue keeps its jobs in the order of its own work, so they are sorted here. */
const IN_REACH = 1000;

/** The newest first, over all queues, among the first thousand of each queue and state. */
export async function listJobs(
  backend: QueueBackend,
  states: readonly JobState[],
  page: { readonly after?: JobCursor | undefined; readonly limit: number },
): Promise<JobView[]> {
  const found = await Promise.all(
    QUEUES.map(async (queue) => {
      const own = new Map<string, JobView>();
      for (const state of states) {
        const jobs = await backend.queue(queue).getJobs([...TYPES[state]] as JobType[], 0, IN_REACH - 1, false);
        // One that ended between the list and the look at it has no row any more; one that moved on is seen twice.
        for (const job of jobs as (Job | undefined)[])
          if (job !== undefined) own.set(String(job.id), viewOf(queue, state, job));
      }
      return [...own.values()];
    }),
  );
  const { after, limit } = page;
  const rest = found.flat().filter((job) => after === undefined || byAge(cursorOf(job), after) > 0);
  return rest.sort((a, b) => byAge(cursorOf(a), cursorOf(b))).slice(0, limit);
}

/** Where a page ended; ids alone are no order, and times alone are not enough of one. */
export interface JobCursor {
  readonly created: number;
  readonly id: string;
}
export const cursorOf = (job: JobView): JobCursor => ({ created: job.createdAt.getTime(), id: job.id });

function byAge(a: JobCursor, b: JobCursor): number {
  return b.created - a.created || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

/** Null: there is no such job, or no longer. */
export async function findJob(backend: QueueBackend, id: string): Promise<JobView | null> {
  const first = await lookUp(backend, id);
  if (first === null) return null;
  const state = stateOf(await first.job.getState());
  // Read after the state: a job that ended in between would show an end without its time.
  const found = state === null ? null : await lookUp(backend, id);
  return found === null || state === null ? null : viewOf(found.queue, state, found.job);
}

/**
 * Puts a failed job back into its queue.
 * @throws job_not_found, job_not_failed
 */
export async function retryJob(backend: QueueBackend, id: string): Promise<JobView> {
  const found = await lookUp(backend, id);
  const state = found === null ? null : stateOf(await found.job.getState());
  if (found === null || state === null)
    throw new AppError({ code: 'job_not_found', class: 'not-found', message: `There is no job ${id} any more.` });
  if (state !== 'failed')
    throw new AppError({
      code: 'job_not_failed',
      class: 'conflict',
      message: `The job ${id} is ${state}; only a failed one can be put back.`,
      hint: 'Documents that failed are retried with POST /api/replicas/{id}/retry-failed.',
    });
  await found.job.retry('failed');
  const after = await findJob(backend, id);
  return after ?? viewOf(found.queue, 'waiting', found.job);
}

async function lookUp(backend: QueueBackend, id: string): Promise<{ queue: QueueName; job: Job } | null> {
  const at = id.indexOf(':');
  const queue = QUEUES.find((name) => name === id.slice(0, Math.max(0, at)));
  if (queue === undefined) return null;
  const job = (await backend.queue(queue).getJob(id.slice(at + 1))) as Job | undefined;
  return job === undefined ? null : { queue, job };
}

function stateOf(state: string): JobState | null {
  return JOB_STATES.find((name) => TYPES[name].includes(state)) ?? null;
}

function viewOf(queue: QueueName, state: JobState, job: Job): JobView {
  const at = (time: number | undefined): Date | null => (time === undefined ? null : new Date(time));
  return {
    id: `${queue}:${job.id}`,
    queue,
    name: job.name,
    state,
    payload: job.data,
    attempts: job.attemptsMade,
    createdAt: new Date(job.timestamp),
    dueAt: state === 'delayed' ? new Date(job.timestamp + job.delay) : null,
    startedAt: at(job.processedOn),
    finishedAt: at(job.finishedOn),
    error: job.failedReason === undefined || job.failedReason === '' ? null : job.failedReason,
  };
}
