import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Embedded, startEmbedded } from '../../../shared/db/embedded.ts';
import { freePort } from '../../../shared/db/embedded-process.ts';
import { migrate } from '../../../shared/db/migrate.ts';
import { delay } from '../../../shared/kernel/clock.ts';
import { openQueueBackend, retryDelay } from '../../../shared/queue/backend.ts';
import { countJobs, createInspector } from '../../../shared/queue/inspect.ts';
import { done } from '../../../shared/queue/outcome.ts';
import { createProducer, type Producer } from '../../../shared/queue/producer.ts';
import { type Handlers, type JobEvent, startRunner } from '../../../shared/queue/runner.ts';
import { openDirectory } from '../../support/embedded.ts';
import { describeOnBothBackends, type QueueFixture, silent } from '../../support/queue-backends.ts';
import { hasRedis, startRedis } from '../../support/redis.ts';
import { gate, waitFor } from '../../support/wait.ts';

const handlers: Handlers = {
  cycle: async () => done,
  replica: async () => done,
  chunk: async () => done,
  document: async () => done,
  verify: async () => done,
  maintenance: async () => done,
  deliver: async () => done,
};
const TAKEOVER = { lockDurationMs: 1000, stalledIntervalMs: 500 };

function documents(count: number, generation: number) {
  return Array.from({ length: count }, (_, index) => ({ linkId: index + 1, generation }));
}

/** What the dispatcher does: what the queue did not take is offered again. */
async function offerUntilTaken(producer: Producer, count: number, generation: number): Promise<void> {
  await waitFor('the queue to take jobs again', () =>
    producer.enqueueMany('document', documents(count, generation)).then(
      () => true,
      () => false,
    ),
  );
}

async function withoutUncaught(work: () => Promise<void>): Promise<void> {
  const uncaught: unknown[] = [];
  const note = (error: unknown) => uncaught.push(error);
  process.on('uncaughtException', note).on('unhandledRejection', note);
  try {
    await work();
  } finally {
    process.off('uncaughtException', note).off('unhandledRejection', note);
  }
  expect(uncaught).toEqual([]);
}

describeOnBothBackends('the queue', (fixture: QueueFixture) => {
  it('counts the jobs of a paused queue as waiting', async () => {
    const backend = await fixture.open();
    await backend.queue('document').pause();
    await createProducer(backend).enqueueMany('document', documents(6, 1));
    await createProducer(backend).enqueue('document', { linkId: 1, generation: 2 }, { delayMs: 60_000 });
    expect(await countJobs(backend, 'document')).toEqual({
      waiting: 6,
      active: 0,
      delayed: 1,
      completed: 0,
      failed: 0,
      oldestWaitingMs: expect.any(Number),
    });
    const inspect = createInspector(backend, 60_000);
    expect((await inspect()).document.waiting).toBe(6);
    await fixture.empty(backend);
    expect((await inspect()).document.waiting).toBe(6);
    await backend.queue('document').resume();
    await backend.close();
  });

  it('takes more jobs at once than one batch holds', async () => {
    const backend = await fixture.open();
    await createProducer(backend).enqueueMany('document', documents(1201, 1));
    expect((await countJobs(backend, 'document')).waiting).toBe(1201);
    await fixture.empty(backend);
    await backend.close();
  });

  it('keeps one schedule however often it is set, and fires it', async () => {
    const backend = await fixture.open();
    const producer = createProducer(backend);
    let ticks = 0;
    const runner = await startRunner({
      backend,
      handlers: { ...handlers, cycle: async () => (ticks++, done) },
      concurrency: { cycle: 1 },
      log: silent,
    });
    for (let i = 0; i < 3; i++) await producer.schedule('cycle', 'cycle', { runId: null }, 1);
    expect(await backend.queue('cycle').getJobSchedulersCount()).toBe(1);
    await waitFor('two ticks', () => ticks >= 2);
    await producer.unschedule('cycle', 'cycle');
    expect(await backend.queue('cycle').getJobSchedulersCount()).toBe(0);
    await runner.close();
    await backend.close();
  });

  it('gives the jobs of a killed process to another one', async () => {
    const prefix = `killed-${fixture.kind}`;
    const backend = await fixture.open({ ...TAKEOVER, prefix });
    const url = (name: string) =>
      JSON.stringify(fileURLToPath(new URL(`../../../shared/queue/${name}.ts`, import.meta.url)));
    const settings = {
      databaseUrl: fixture.database().url,
      redisUrl: fixture.kind === 'redis' ? fixture.redis().url : undefined,
      workers: 5,
      prefix,
      ...TAKEOVER,
    };
    const program = `import { openQueueBackend } from ${url('backend')};
      import { startRunner } from ${url('runner')};
      const never = () => new Promise(() => console.log('working'));
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      const backend = await openQueueBackend(${JSON.stringify(settings)});
      await startRunner({ backend, log, concurrency: { document: 1 }, handlers: { cycle: never, replica: never, chunk: never, document: never, verify: never, maintenance: never, deliver: never } });`;
    await createProducer(backend).enqueue('document', { linkId: 1, generation: 1 });
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    const killed = performance.now();
    const events: JobEvent[] = [];
    const runner = await startRunner({
      backend,
      handlers,
      concurrency: { document: 1 },
      log: silent,
      onJob: (event) => events.push(event),
    });
    await waitFor('the job to be finished here', () => events.length === 1);
    // Lock and interval were shortened from 15 and 10 s to 1 and 0.5 s.
    expect(performance.now() - killed).toBeLessThan(5_000);
    await runner.close();
    await backend.close();
  });

  it('refuses a payload that does not fit before it reaches the queue', async () => {
    const backend = await fixture.open();
    await expect(createProducer(backend).enqueue('document', { linkId: -1, generation: 0 })).rejects.toThrow();
    expect((await countJobs(backend, 'document')).waiting).toBe(0);
    await backend.close();
  });
});

describe('the back-off', () => {
  it('doubles up to a minute, with a quarter of noise and in whole milliseconds', () => {
    for (const [attempt, seconds] of [
      [1, 2],
      [2, 4],
      [3, 8],
      [10, 60],
    ] as const) {
      const ms = retryDelay(attempt);
      expect(Number.isInteger(ms)).toBe(true);
      expect(ms).toBeGreaterThanOrEqual(seconds * 750);
      expect(ms).toBeLessThanOrEqual(seconds * 1250);
    }
  });
});

describe('the queue on PostgreSQL', () => {
  let dir: { path: string; remove(): Promise<void> };
  let server: Embedded;
  beforeAll(async () => {
    dir = await openDirectory();
    // Commits must be in the operating system's hands at least, or the kill would undo some of them.
    server = await startEmbedded(dir.path, { settings: { fsync: 'off' } });
    await migrate(server.url);
  });
  afterAll(async () => {
    await server.stop();
    await dir.remove();
  });

  it('goes on after the server was killed under load, and no process ends', async () => {
    await withoutUncaught(async () => {
      const backend = await openQueueBackend({ databaseUrl: server.url, workers: 5, ...TAKEOVER });
      const seen = new Set<string>();
      const document = async ({ linkId, generation }: { linkId: number; generation: number }) => {
        await delay(2);
        seen.add(`${linkId}.${generation}`);
        return done;
      };
      const runner = await startRunner({
        backend,
        handlers: { ...handlers, document },
        concurrency: { document: 5 },
        log: silent,
      });
      const producer = createProducer(backend);
      await producer.enqueueMany('document', documents(300, 1));
      await waitFor('some work', () => seen.size > 20);
      const pid = server.pid();
      process.kill(pid, 'SIGKILL');
      await waitFor('the server to be back', () => server.pid() !== pid);
      await offerUntilTaken(producer, 50, 2);
      await waitFor('all of it', () => seen.size === 350);
      await waitFor('nothing to be left', async () => {
        const counts = await countJobs(backend, 'document');
        return counts.waiting + counts.active === 0 && counts.failed === 0;
      });
      await runner.close();
      await backend.close();
    });
  });
});

describe.skipIf(!hasRedis)('the queue on Redis', () => {
  it('says in words when the server is away at start, and waits for one that is late', async () => {
    const redisUrl = `redis://:hidden@127.0.0.1:${await freePort()}`;
    const failure = await openQueueBackend({ redisUrl, databaseUrl: '', workers: 0, waitMs: 500 }).catch(
      (error: unknown) => error as Error,
    );
    expect(failure).toMatchObject({
      code: 'redis_unreachable',
      message: expect.stringMatching(/^Redis at 127\.0\.0\.1:\d+ cannot be reached/) as string,
    });
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    await redis.stop();
    const opening = openQueueBackend({ redisUrl: redis.url, databaseUrl: '', workers: 1 });
    await redis.start();
    await (await opening).close();
  });

  it('refuses jobs at once while the server is away, and works again when it is back', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    await withoutUncaught(async () => {
      const backend = await openQueueBackend({ redisUrl: redis.url, databaseUrl: '', workers: 1, ...TAKEOVER });
      const producer = createProducer(backend);
      let runs = 0;
      const runner = await startRunner({
        backend,
        handlers: { ...handlers, document: async () => (runs++, done) },
        concurrency: { document: 2 },
        log: silent,
      });
      await redis.stop();
      const started = performance.now();
      await expect(producer.enqueue('document', { linkId: 1, generation: 1 })).rejects.toMatchObject({
        code: 'queue_unavailable',
        class: 'transient',
      });
      expect(performance.now() - started).toBeLessThan(5_000);
      await expect(backend.ping()).rejects.toThrow();
      await redis.start();
      await offerUntilTaken(producer, 3, 2);
      await waitFor('the new jobs to run', () => runs === 3);
      await runner.close();
      await backend.close();
    });
  });

  it('survives that everything is flushed away under a running job', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.close());
    await withoutUncaught(async () => {
      const backend = await openQueueBackend({ redisUrl: redis.url, databaseUrl: '', workers: 2, ...TAKEOVER });
      const producer = createProducer(backend);
      const hold = gate();
      const runs: number[] = [];
      const document = async ({ generation }: { generation: number }) => {
        runs.push(generation);
        if (generation === 1) await hold.opened;
        return done;
      };
      const runner = await startRunner({
        backend,
        handlers: { ...handlers, document },
        concurrency: { document: 2, cycle: 1 },
        log: silent,
      });
      await producer.schedule('cycle', 'cycle', { runId: null }, 60);
      await producer.enqueue('document', { linkId: 1, generation: 1 });
      await waitFor('the job to run', () => runs.length === 1);
      await redis.flush();
      hold.open();
      // The dispatcher sends the same link out again, and sets the schedule anew.
      await producer.enqueue('document', { linkId: 1, generation: 2 });
      await producer.schedule('cycle', 'cycle', { runId: null }, 60);
      await waitFor('the new generation to run', () => runs.includes(2));
      expect(await backend.queue('cycle').getJobSchedulersCount()).toBe(1);
      await runner.close();
      await backend.close();
    });
  });
});
