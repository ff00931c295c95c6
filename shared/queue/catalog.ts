import { z } from 'zod';
import { HOUR, MINUTE } from '../kernel/clock.ts';

/**
 * One line of truth a job; producer, runner and inspector all read it. A payload holds ids only: no tokens, no documents.
 * Few queues with fixed roles, because each costs a worker and a connection in every process; which instance a job is
 * about stands in its payload.
 */
export const QUEUES = ['cycle', 'replica', 'chunk', 'document', 'verify', 'maintenance', 'notify'] as const;
export type QueueName = (typeof QUEUES)[number];

interface JobDefinition<S extends z.ZodType> {
  readonly queue: QueueName;
  readonly payload: S;
  /** A job whose id is in the queue already, finished ones of the last hour included, is not added again. */
  readonly jobId?: (payload: z.output<S>) => string;
  /** At most one such job waits; one more is kept while it is being worked on, so that no wake-up is lost. */
  readonly dedupe?: (payload: z.output<S>) => string;
  /** The job's signal aborts after this. */
  readonly timeoutMs: number;
  /** Tries before the job is shown as failed. Rows in PostgreSQL, not this number, decide what is done again. */
  readonly attempts: number;
}

function defineJob<S extends z.ZodType>(definition: JobDefinition<S>): JobDefinition<S> {
  return definition;
}

const id = z.int().positive();

export const MAINTENANCE_TASKS = ['prune'] as const;

export const JOBS = {
  // Without a run it is the scheduler's tick, which opens a cycle if one is due.
  cycle: defineJob({
    queue: 'cycle',
    payload: z.object({ runId: id.nullable() }),
    dedupe: (p) => `cycle.${p.runId ?? 'tick'}`,
    timeoutMs: 30 * MINUTE,
    attempts: 1,
  }),
  replica: defineJob({
    queue: 'replica',
    payload: z.object({ runId: id }),
    dedupe: (p) => `replica.${p.runId}`,
    timeoutMs: 2 * HOUR,
    attempts: 3,
  }),
  chunk: defineJob({
    queue: 'chunk',
    payload: z.object({ runId: id, chunk: z.int().nonnegative() }),
    dedupe: (p) => `chunk.${p.runId}.${p.chunk}`,
    timeoutMs: 10 * MINUTE,
    attempts: 3,
  }),
  // The generation makes a lost and later re-appearing copy of an old job recognisable (protocol section 5).
  document: defineJob({
    queue: 'document',
    payload: z.object({ linkId: id, generation: z.int().nonnegative(), replicaId: id.optional() }),
    jobId: (p) => `doc.${p.linkId}.${p.generation}`,
    timeoutMs: 2 * HOUR,
    attempts: 1,
  }),
  // Resumes from its checkpoint; a job that ran into its limit is made again by the tick.
  verify: defineJob({
    queue: 'verify',
    payload: z.object({ verificationId: id }),
    dedupe: (p) => `verify.${p.verificationId}`,
    timeoutMs: 6 * HOUR,
    attempts: 1,
  }),
  // One message to one channel. Its row counts the tries; a copy of an old job finds it claimed or ended.
  deliver: defineJob({
    queue: 'notify',
    payload: z.object({ deliveryId: id, generation: z.int().nonnegative() }),
    jobId: (p) => `deliver.${p.deliveryId}.${p.generation}`,
    timeoutMs: MINUTE,
    attempts: 1,
  }),
  // The epoch of the leader that had it made: a job of an earlier lead does nothing (R3).
  maintenance: defineJob({
    queue: 'maintenance',
    payload: z.object({ task: z.enum(MAINTENANCE_TASKS), epoch: z.int().nonnegative().default(0) }),
    dedupe: (p) => `maintenance.${p.task}`,
    timeoutMs: 10 * MINUTE,
    attempts: 1,
  }),
} as const;

export type JobName = keyof typeof JOBS;
export const JOB_NAMES = Object.keys(JOBS) as JobName[];
export type Payload<N extends JobName> = z.output<(typeof JOBS)[N]['payload']>;

export function isJobName(name: string): name is JobName {
  return Object.hasOwn(JOBS, name);
}
