import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq';
import { delay, SECOND } from '../kernel/clock.ts';
import { AppError, toAppError } from '../kernel/errors.ts';
import { runWithContext, type Facts } from '../telemetry/context.ts';
import { traced, type Attributes } from '../telemetry/tracing.ts';
import type { QueueBackend, Worker } from './backend.ts';
import { isJobName, JOB_NAMES, JOBS, type JobName, type Payload, QUEUES, type QueueName } from './catalog.ts';
import { cancelled, type Outcome } from './outcome.ts';

/** What the runner needs of a logger; pino's fits. */
export interface JobLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface JobContext<L extends JobLog = JobLog> {
  /** Aborts at shutdown, at the job's time limit, or through `cancel`; its reason is an AppError of class `cancelled`. */
  readonly signal: AbortSignal;
  readonly log: L;
  readonly jobId: string;
}

export type Handler<N extends JobName, L extends JobLog = JobLog> = (
  payload: Payload<N>,
  context: JobContext<L>,
) => Promise<Outcome>;
/** Forgetting a handler does not compile. */
export type Handlers<L extends JobLog = JobLog> = { readonly [N in JobName]: Handler<N, L> };

/** The one wide event of a job: everything worth knowing about it, once, at its end. */
export interface JobEvent {
  readonly job: JobName;
  readonly jobId: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** What the work noted of itself: the document, its replica, requests and their time. */
  readonly facts: Readonly<Facts>;
  readonly outcome: Outcome['kind'] | 'failed' | 'handed-back' | 'refused';
  readonly reason: string | undefined;
  readonly durationMs: number;
  /** From the moment it could have been worked on. */
  readonly waitedMs: number;
  readonly attempt: number;
  readonly error: AppError | undefined;
}

export interface RunnerOptions<L extends JobLog = JobLog> {
  readonly backend: QueueBackend;
  readonly handlers: Handlers<L>;
  /** Jobs at once a queue; a queue that is missing or 0 is not worked on by this process. */
  readonly concurrency: Partial<Record<QueueName, number>>;
  readonly log: L;
  readonly onJob?: (event: JobEvent) => void;
}

export interface Runner {
  /** Aborts the running jobs that match, in this process; returns how many. */
  cancel(matches: (name: JobName, payload: Readonly<Record<string, unknown>>) => boolean, reason: string): number;
  /** Jobs being worked on right now. */
  running(): number;
  /** Takes no new jobs, aborts the running ones and hands them back; after the deadline it stops waiting for them. */
  close(deadlineMs?: number): Promise<void>;
}

interface ActiveJob {
  readonly name: JobName;
  readonly payload: Record<string, unknown>;
  readonly controller: AbortController;
}

function stopped(code: string, message: string): AppError {
  return new AppError({ code, class: 'cancelled', scope: 'instance', message });
}

function isShutdown(signal: AbortSignal): boolean {
  return signal.aborted && (signal.reason as AppError).code === 'shutdown';
}

/** A server that is away would otherwise keep a stopping process alive. */
async function within(deadline: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const limit = delay(Math.max(100, deadline - performance.now()), timer.signal).catch(() => undefined);
  await Promise.race([work, limit]).finally(() => timer.abort());
}

class JobRunner<L extends JobLog> implements Runner {
  readonly #options: RunnerOptions<L>;
  readonly #workers: Worker[] = [];
  readonly #active = new Set<ActiveJob>();
  #closing = false;

  constructor(options: RunnerOptions<L>) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { handlers, backend, concurrency } = this.#options;
    const missing = JOB_NAMES.filter((name) => typeof handlers[name] !== 'function');
    if (missing.length > 0)
      throw new AppError({
        code: 'handler_missing',
        class: 'internal',
        message: `No handler for ${missing.join(', ')}: add them to the registry.`,
      });
    for (const queue of QUEUES) {
      const limit = concurrency[queue] ?? 0;
      if (limit > 0)
        this.#workers.push(backend.worker(queue, (job, token) => this.#process(job, token), { concurrency: limit }));
    }
    await Promise.all(this.#workers.map((worker) => worker.waitUntilReady()));
  }

  cancel(matches: (name: JobName, payload: Readonly<Record<string, unknown>>) => boolean, reason: string): number {
    const found = [...this.#active].filter((active) => matches(active.name, active.payload));
    for (const { controller } of found) controller.abort(stopped('cancelled', reason));
    return found.length;
  }

  running(): number {
    return this.#active.size;
  }

  async close(deadlineMs = 20 * SECOND): Promise<void> {
    const deadline = performance.now() + deadlineMs;
    this.#closing = true;
    // Pausing first: a close cannot be made a forced one later, and an unforced one waits for ever.
    await Promise.all(this.#workers.map((worker) => worker.pause(true)));
    for (const { controller } of this.#active) controller.abort(stopped('shutdown', 'The process is stopping.'));
    while (this.#active.size > 0 && performance.now() < deadline) await delay(5);
    if (this.#active.size === 0) return within(deadline, Promise.all(this.#workers.map((worker) => worker.close())));
    // Their locks are no longer renewed, so another process takes them over as if this one had crashed.
    this.#options.log.warn({ jobs: this.#active.size }, 'Jobs did not stop in time; they are left to another process.');
    return within(performance.now() + SECOND, Promise.all(this.#workers.map((worker) => worker.close(true))));
  }

  /** What BullMQ calls. A name or payload that does not fit the catalogue can never succeed: logged, and done with. */
  async #process(job: Job, token: string | undefined): Promise<unknown> {
    const { log } = this.#options;
    const jobId = job.id ?? '';
    if (!isJobName(job.name)) {
      log.error({ job: job.name, job_id: jobId }, 'A job of an unknown name was dropped.');
      return { outcome: 'refused' };
    }
    const parsed = JOBS[job.name].payload.safeParse(job.data);
    if (!parsed.success) {
      log.error(
        { job: job.name, job_id: jobId, fault: parsed.error.issues[0]?.message },
        'A job with a malformed payload was dropped.',
      );
      this.#report(job, job.name, 'refused', { payload: {}, facts: {}, started: performance.now() });
      return { outcome: 'refused' };
    }
    return this.#work(job, job.name, parsed.data, token);
  }

  async #work(job: Job, name: JobName, payload: Record<string, unknown>, token: string | undefined): Promise<unknown> {
    const { log } = this.#options;
    const active: ActiveJob = { name, payload, controller: new AbortController() };
    const { signal } = active.controller;
    const facts: Facts = {};
    const started = performance.now();
    const timer = setTimeout(
      () => active.controller.abort(stopped('job_timeout', 'The job took too long.')),
      JOBS[name].timeoutMs,
    );
    this.#active.add(active);
    // A job that was fetched while close() was under way goes straight back.
    if (this.#closing) active.controller.abort(stopped('shutdown', 'The process is stopping.'));
    try {
      const handler = this.#options.handlers[name] as unknown as Handler<JobName, L>;
      const run = () => handler(payload as Payload<JobName>, { signal, log, jobId: job.id ?? '' });
      const outcome = isShutdown(signal) ? cancelled : await observed(job, name, payload, facts, run);
      return await this.#settle(job, name, outcome, { payload, facts, started, token, signal });
    } catch (error) {
      if (error instanceof DelayedError || error instanceof WaitingError) throw error;
      return await this.#fail(job, name, error, { payload, facts, started, token, signal });
    } finally {
      clearTimeout(timer);
      this.#active.delete(active);
    }
  }

  async #settle(job: Job, name: JobName, outcome: Outcome, run: RunFacts): Promise<unknown> {
    if (outcome.kind === 'cancelled' && isShutdown(run.signal)) return this.#handBack(job, name, run);
    this.#report(job, name, outcome.kind, run, outcome.kind === 'skipped' ? outcome.reason : undefined);
    if (outcome.kind !== 'snooze')
      return { outcome: outcome.kind, ...('reason' in outcome ? { reason: outcome.reason } : {}) };
    await job.moveToDelayed(Math.ceil(outcome.untilMs), run.token);
    throw new DelayedError();
  }

  /** Back to the head of the queue without using an attempt; the next process finishes it. */
  async #handBack(job: Job, name: JobName, run: RunFacts): Promise<never> {
    await job.moveToWait(run.token);
    this.#report(job, name, 'handed-back', run);
    throw new WaitingError();
  }

  async #fail(job: Job, name: JobName, thrown: unknown, run: RunFacts): Promise<unknown> {
    if (isShutdown(run.signal)) return this.#handBack(job, name, run);
    const error = toAppError(thrown);
    this.#report(job, name, 'failed', run, error.message, error);
    // A document's failure is a row of ours, and one that ended as failed could not be added again under its id: the
    // dispatcher sends it out anew after a minute (protocol section 5).
    if (name === 'document') return { outcome: 'failed', code: error.code };
    const text = `${error.code}: ${error.message}`;
    // Only a short text: a raw error may carry headers, and the library stores message and stack.
    const again = error.class === 'internal' || error.class === 'transient' || error.code === 'connection_lost';
    const shown = again ? new Error(text) : new UnrecoverableError(text);
    throw shown;
  }

  #report(
    job: Job,
    name: JobName,
    outcome: JobEvent['outcome'],
    run: Pick<RunFacts, 'payload' | 'facts' | 'started'>,
    reason?: string,
    error?: AppError,
  ): void {
    const durationMs = performance.now() - run.started;
    const event: JobEvent = {
      job: name,
      jobId: job.id ?? '',
      payload: run.payload,
      facts: run.facts,
      outcome,
      reason,
      durationMs,
      waitedMs: Math.max(0, (job.processedOn ?? Date.now()) - job.timestamp - job.delay),
      attempt: job.attemptsMade + 1,
      error,
    };
    logJob(this.#options.log, event);
    this.#options.onJob?.(event);
  }
}

/** The lines and spans of the work bear the job's name; ids of the payload are the span's attributes. */
function observed(
  job: Job,
  name: JobName,
  payload: Readonly<Record<string, unknown>>,
  facts: Facts,
  run: () => Promise<Outcome>,
): Promise<Outcome> {
  const ids = attributesOf(inSnakeCase(payload));
  const attributes = { 'pngx.job_id': job.id, 'pngx.attempt': job.attemptsMade + 1, ...ids };
  const work = () =>
    traced(name, attributes, async (span) => {
      const outcome = await run();
      span.note({ 'pngx.outcome': outcome.kind, ...attributesOf(facts) });
      return outcome;
    });
  return runWithContext({ job: name, job_id: job.id }, work, facts);
}

/** Names as the log has them. */
function inSnakeCase(payload: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}

function attributesOf(fields: Readonly<Record<string, unknown>>): Attributes {
  const simple = Object.entries(fields).filter(([, value]) => typeof value === 'number' || typeof value === 'string');
  return Object.fromEntries(simple.map(([name, value]) => [`pngx.${name}`, value as string | number]));
}

function logJob(log: JobLog, event: JobEvent): void {
  const { payload, facts, error, durationMs, waitedMs, jobId, ...rest } = event;
  const fields = {
    event: 'job',
    ...inSnakeCase(payload),
    ...facts,
    ...rest,
    job_id: jobId,
    ms: Math.round(durationMs),
    waited_ms: Math.round(waitedMs),
    ...(error === undefined ? {} : { err: error }),
  };
  if (event.outcome === 'failed') log.error(fields, `Job ${event.job} failed: ${error?.message ?? ''}`);
  // A second copy of a job steps back within a millisecond; that is normal and says nothing.
  else if (event.outcome === 'skipped' || event.outcome === 'snooze')
    log.debug(fields, `Job ${event.job}: ${event.outcome}`);
  else log.info(fields, `Job ${event.job}: ${event.outcome}`);
}

interface RunFacts {
  readonly payload: Record<string, unknown>;
  readonly facts: Facts;
  readonly started: number;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
}

export async function startRunner<L extends JobLog>(options: RunnerOptions<L>): Promise<Runner> {
  const runner = new JobRunner(options);
  await runner.start();
  return runner;
}
