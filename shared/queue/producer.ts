import type { JobsOptions } from 'bullmq';
import { SECOND } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import type { QueueBackend } from './backend.ts';
import { JOBS, type JobName, type Payload } from './catalog.ts';

export interface EnqueueOptions {
  readonly delayMs?: number;
  /** Instead of the id of the catalogue. Letters, digits, dots and dashes; no colon. */
  readonly jobId?: string;
  /** One that waits already counts for nothing: it was lost, or is delayed to a time that holds no more. */
  readonly afresh?: boolean;
}

export interface Producer {
  enqueue<N extends JobName>(name: N, payload: Payload<N>, options?: EnqueueOptions): Promise<void>;
  enqueueMany<N extends JobName>(
    name: N,
    payloads: readonly Payload<N>[],
    options?: Pick<EnqueueOptions, 'delayMs'>,
  ): Promise<void>;
  /** Creates or updates the one schedule of this name; safe to repeat, and to be repeated since FLUSHALL removes it. */
  schedule<N extends JobName>(id: string, name: N, payload: Payload<N>, everySeconds: number): Promise<void>;
  unschedule(id: string, name: JobName): Promise<void>;
}

/** Widened so that a name known only at run time can be looked up; the public signatures keep name and payload together. */
interface AnyJob {
  readonly payload: { parse(value: unknown): unknown };
  readonly jobId?: (payload: unknown) => string;
  readonly dedupe?: (payload: unknown) => string;
  readonly attempts: number;
}

function definitionOf(name: JobName): AnyJob {
  return JOBS[name] as unknown as AnyJob;
}

function jobOptions(definition: AnyJob, payload: unknown, options: EnqueueOptions): JobsOptions {
  const jobId = options.jobId ?? definition.jobId?.(payload);
  const dedupe = options.jobId === undefined ? definition.dedupe?.(payload) : undefined;
  return {
    attempts: definition.attempts,
    backoff: { type: 'capped' },
    ...(jobId === undefined ? {} : { jobId }),
    ...(dedupe === undefined ? {} : { deduplication: { id: dedupe, keepLastIfActive: true } }),
    ...(options.delayMs === undefined || options.delayMs <= 0 ? {} : { delay: Math.round(options.delayMs) }),
  };
}

/** A queue that is away is no fault of the work: its rows stay due, and the dispatcher adds the jobs again (R2). */
async function asTransient<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError({
      code: 'queue_unavailable',
      class: 'transient',
      scope: 'instance',
      message: `The queue took no job: ${reason}`,
      cause: error,
    });
  }
}

const BATCH = 500;

export function createProducer(backend: QueueBackend): Producer {
  return {
    async enqueue(name, payload, options = {}) {
      const definition = definitionOf(name);
      const data = definition.payload.parse(payload);
      const dedupe = options.afresh === true ? definition.dedupe?.(data) : undefined;
      if (dedupe !== undefined) await asTransient(backend.queue(JOBS[name].queue).removeDeduplicationKey(dedupe));
      await asTransient(backend.queue(JOBS[name].queue).add(name, data, jobOptions(definition, data, options)));
    },
    async enqueueMany(name, payloads, options = {}) {
      const definition = definitionOf(name);
      const jobs = payloads.map((payload) => {
        const data = definition.payload.parse(payload);
        return { name: name as string, data, opts: jobOptions(definition, data, options) };
      });
      for (let start = 0; start < jobs.length; start += BATCH)
        await asTransient(backend.queue(JOBS[name].queue).addBulk(jobs.slice(start, start + BATCH)));
    },
    async schedule(id, name, payload, everySeconds) {
      const definition = definitionOf(name);
      const data = definition.payload.parse(payload);
      const template = {
        name: name as string,
        data,
        opts: { attempts: definition.attempts, backoff: { type: 'capped' } },
      };
      await asTransient(
        backend.queue(JOBS[name].queue).upsertJobScheduler(id, { every: everySeconds * SECOND }, template),
      );
    },
    async unschedule(id, name) {
      await asTransient(backend.queue(JOBS[name].queue).removeJobScheduler(id));
    },
  };
}
