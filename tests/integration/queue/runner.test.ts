import { afterEach, expect, it } from 'vitest';
import { AppError } from '../../../shared/kernel/errors.ts';
import type { QueueBackend } from '../../../shared/queue/backend.ts';
import { countJobs } from '../../../shared/queue/inspect.ts';
import { done, type Outcome, skipped, snooze } from '../../../shared/queue/outcome.ts';
import { createProducer } from '../../../shared/queue/producer.ts';
import {
  type Handlers,
  type JobEvent,
  type Runner,
  type RunnerOptions,
  startRunner,
} from '../../../shared/queue/runner.ts';
import { describeOnBothBackends, type QueueFixture, silent } from '../../support/queue-backends.ts';
import { gate, waitFor } from '../../support/wait.ts';

const idle: Handlers = {
  cycle: async () => done,
  replica: async () => done,
  chunk: async () => done,
  document: async () => done,
  verify: async () => done,
  maintenance: async () => done,
  deliver: async () => done,
};

describeOnBothBackends('the runner', (fixture) => {
  const opened: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of opened.reverse()) await close();
    opened.length = 0;
  });

  async function backend(): Promise<QueueBackend> {
    const found = await fixture.open();
    // The PostgreSQL backend has no prefix, so what an earlier test left has to go.
    await fixture.empty(found);
    opened.push(() => found.close());
    return found;
  }

  async function run(
    on: QueueBackend,
    handlers: Partial<Handlers>,
    more: Partial<RunnerOptions> = {},
  ): Promise<{ runner: Runner; events: JobEvent[] }> {
    const events: JobEvent[] = [];
    const runner = await startRunner({
      backend: on,
      handlers: { ...idle, ...handlers },
      concurrency: { cycle: 1, replica: 2, chunk: 2, document: 5, maintenance: 1 },
      log: silent,
      onJob: (event) => events.push(event),
      ...more,
    });
    opened.push(() => runner.close());
    return { runner, events };
  }

  it('hands a job to the handler of its name, with its payload parsed', async () => {
    const on = await backend();
    const seen: unknown[] = [];
    const { events } = await run(on, {
      document: async (payload) => {
        seen.push(payload);
        return done;
      },
    });
    await createProducer(on).enqueue('document', { linkId: 7, generation: 2 });
    await waitFor('the job to be reported', () => events.length === 1);
    expect(seen).toEqual([{ linkId: 7, generation: 2 }]);
    expect(events[0]).toMatchObject({ job: 'document', jobId: 'doc.7.2', outcome: 'done', attempt: 1 });
  });

  it('adds a document job of one generation only once, also after it ended', async () => {
    const on = await backend();
    const { events } = await run(on, { document: async () => skipped('nothing to do') });
    const producer = createProducer(on);
    await producer.enqueueMany(
      'document',
      [1, 1, 2].map((generation) => ({ linkId: 7, generation })),
    );
    await waitFor('both generations to run', () => events.length === 2);
    await producer.enqueue('document', { linkId: 7, generation: 1 });
    await producer.enqueue('document', { linkId: 7, generation: 3 });
    await waitFor('the third generation to run', () => events.some((event) => event.jobId === 'doc.7.3'));
    expect(events.map((event) => event.jobId).sort()).toEqual(['doc.7.1', 'doc.7.2', 'doc.7.3']);
    expect(events[0]).toMatchObject({ outcome: 'skipped', reason: 'nothing to do' });
  });

  it('keeps one wake-up of a replica run that is being worked on, and no more', async () => {
    const on = await backend();
    const hold = gate();
    let runs = 0;
    const { events } = await run(on, {
      replica: async () => {
        if (++runs === 1) await hold.opened;
        return done;
      },
    });
    const producer = createProducer(on);
    await producer.enqueue('replica', { runId: 3 });
    await waitFor('the first to run', () => runs === 1);
    for (let i = 0; i < 4; i++) await producer.enqueue('replica', { runId: 3 });
    hold.open();
    await waitFor('the kept wake-up to run', () => runs === 2);
    await producer.enqueue('replica', { runId: 3 });
    await waitFor('a later one to run as well', () => runs === 3);
    expect(events.every((event) => event.outcome === 'done')).toBe(true);
  });

  it('brings a snoozed job back at its time without using an attempt', async () => {
    const on = await backend();
    const outcomes: Outcome[] = [];
    const { events } = await run(on, {
      document: async () => {
        const outcome = outcomes.length === 0 ? snooze(Date.now() + 300.5) : done;
        outcomes.push(outcome);
        return outcome;
      },
    });
    const before = Date.now();
    await createProducer(on).enqueue('document', { linkId: 1, generation: 1 });
    await waitFor('the second run', () => events.length === 2);
    expect(Date.now() - before).toBeGreaterThanOrEqual(290);
    expect(events.map((event) => [event.outcome, event.attempt])).toEqual([
      ['snooze', 1],
      ['done', 1],
    ]);
  });

  it('never lets a document job end as failed', async () => {
    const on = await backend();
    const { events } = await run(on, {
      document: async () => {
        throw new AppError({ code: 'boom', class: 'internal', message: 'boom' });
      },
    });
    await createProducer(on).enqueue('document', { linkId: 1, generation: 1 });
    await waitFor('the job to be counted as completed', async () => (await countJobs(on, 'document')).completed === 1);
    expect(events[0]).toMatchObject({ outcome: 'failed', error: { code: 'boom' } });
    expect((await countJobs(on, 'document')).failed).toBe(0);
  });

  it('tries a failing replica job again by its back-off, and shows it as failed at the end', async () => {
    const on = await backend();
    const { events } = await run(on, {
      replica: async () => {
        throw new AppError({ code: 'master_down', class: 'auth', message: 'The master refused the token.' });
      },
      chunk: async () => {
        if (!events.some((event) => event.job === 'chunk')) throw new Error('first time');
        return done;
      },
    });
    const producer = createProducer(on);
    await producer.enqueue('replica', { runId: 1 });
    await producer.enqueue('chunk', { runId: 1, chunk: 0 });
    await waitFor('the chunk to succeed at its second try', () =>
      events.some((event) => event.job === 'chunk' && event.outcome === 'done'),
    );
    await waitFor('the replica job to be failed', async () => (await countJobs(on, 'replica')).failed === 1);
    expect(events.filter((event) => event.job === 'replica')).toHaveLength(1);
    const [failed] = await on.queue('replica').getFailed();
    expect(failed?.failedReason).toBe('master_down: The master refused the token.');
  });

  it('drops a job of unknown name or malformed payload instead of repeating it', async () => {
    const on = await backend();
    const errors: string[] = [];
    await run(on, {}, { log: { ...silent, error: (_fields, message) => errors.push(message) } });
    await on.queue('document').add('document', { linkId: 'seven' });
    await on.queue('document').add('no-such-job', {});
    await waitFor('both to be done', async () => (await countJobs(on, 'document')).completed === 2);
    expect(errors.sort()).toEqual([
      'A job of an unknown name was dropped.',
      'A job with a malformed payload was dropped.',
    ]);
  });

  it('aborts the jobs that a cancel matches and leaves the others alone', async () => {
    const on = await backend();
    const ended: string[] = [];
    const hold = gate();
    const { runner } = await run(on, {
      document: async ({ linkId }, { signal }) => {
        await Promise.race([
          hold.opened,
          new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
        ]);
        ended.push(`${linkId} ${signal.aborted ? (signal.reason as AppError).code : 'went on'}`);
        return signal.aborted ? { kind: 'cancelled' } : done;
      },
    });
    await createProducer(on).enqueueMany('document', [
      { linkId: 1, generation: 1 },
      { linkId: 2, generation: 1 },
    ]);
    await waitFor('both to run', () => runner.running() === 2);
    expect(runner.cancel((_name, payload) => payload['linkId'] === 1, 'The run was cancelled.')).toBe(1);
    await waitFor('the first to end', () => ended.length === 1);
    hold.open();
    await waitFor('the second to end', () => ended.length === 2);
    expect(ended).toEqual(['1 cancelled', '2 went on']);
  });

  stopping(fixture, backend, run);
});

type Run = (
  on: QueueBackend,
  handlers: Partial<Handlers>,
  more?: Partial<RunnerOptions>,
) => Promise<{ runner: Runner; events: JobEvent[] }>;

function stopping(fixture: QueueFixture, backend: () => Promise<QueueBackend>, run: Run): void {
  it('hands running jobs back when it stops, and the next process finishes them at their first attempt', async () => {
    const on = await backend();
    const first = await run(on, {
      document: async (_payload, { signal }) => {
        await new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
        );
        return done;
      },
    });
    await createProducer(on).enqueueMany(
      'document',
      [1, 2, 3].map((linkId) => ({ linkId, generation: 1 })),
    );
    await waitFor('all to run', () => first.runner.running() === 3);
    const started = performance.now();
    await first.runner.close();
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(new Set(first.events.map((event) => event.outcome))).toEqual(new Set(['handed-back']));
    expect(new Set(first.events.map((event) => event.jobId)).size).toBe(3);
    const second = await run(on, {});
    await waitFor('the second process to finish them', () => second.events.length === 3);
    expect(second.events.every((event) => event.outcome === 'done' && event.attempt === 1)).toBe(true);
  });

  it('stops waiting for a job that ignores its signal, and another process takes it over', async () => {
    const times = { lockDurationMs: 1000, stalledIntervalMs: 500 };
    const prefix = `late-${fixture.kind}`;
    const on = await fixture.open({ ...times, prefix });
    await fixture.empty(on);
    const never = gate();
    const first = await run(on, {
      document: async () => {
        await never.opened;
        return done;
      },
    });
    await createProducer(on).enqueue('document', { linkId: 1, generation: 1 });
    await waitFor('the job to run', () => first.runner.running() === 1);
    await first.runner.close(200);
    const other = await fixture.open({ ...times, prefix });
    const second = await run(other, {});
    await waitFor('the other process to finish it', () => second.events.length === 1);
    expect(second.events[0]).toMatchObject({ jobId: 'doc.1.1', outcome: 'done' });
    never.open();
    await second.runner.close();
    await on.close();
    await other.close();
  });

  it('refuses to start without a handler for every job', async () => {
    const on = await backend();
    const { cycle, ...others } = idle;
    await expect(
      startRunner({ backend: on, handlers: others as Handlers, concurrency: { cycle: 1 }, log: silent }),
    ).rejects.toThrow(/No handler for cycle/);
    expect(cycle).toBeDefined();
  });
}
