/** A worker of the product on a given database, with waits short enough for tests; usable in any process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecretBox } from '../../shared/config/secret-key.ts';
import { openDatabase } from '../../shared/db/client.ts';
import { openListener } from '../../shared/db/listen.ts';
import { DatabasePace } from '../../shared/db/pacing.ts';
import { noteLockSession } from '../../shared/db/workers.repo.ts';
import { AdvisorySlots } from '../../shared/db/slots.ts';
import type { Tables } from '../../shared/db/tables.ts';
import type { RequestEvent, Timeouts } from '../../shared/paperless/client.ts';
import { QUEUES } from '../../shared/queue/catalog.ts';
import { openQueueBackend } from '../../shared/queue/backend.ts';
import { createProducer } from '../../shared/queue/producer.ts';
import type { ScratchOptions } from '../../shared/replication/scratch.ts';
import type { EngineLog, EngineTimings } from '../../shared/replication/deps.ts';
import type { LimitedSlots } from '../../services/worker/deps.ts';
import { startWorker, type RunningWorker } from '../../services/worker/start.ts';
import { fastFolder } from './fast-folder.ts';

/** The order of the steps is the product's; only the waits are not. */
export const FAST_TIMINGS: Partial<EngineTimings> = {
  looksApartMs: 200,
  unansweredHoldMs: 400,
  cleanReadsApartMs: 200,
  stuckQueueMs: 2000,
  requestTimeoutMs: 200,
  unknownHoldMs: 400,
  lostJobMs: 5000,
  queueLookMs: 250,
  fullDiskMs: 500,
  drainAgainMs: 300,
  settingsSeenMs: 300,
};

export interface TestWorkerOptions {
  readonly databaseUrl: string;
  readonly redisUrl?: string | undefined;
  readonly key: string;
  readonly oldKey?: string;
  readonly log: EngineLog;
  readonly timings?: Partial<EngineTimings> | undefined;
  /** Limits of the paperless client: whoever injects silence does not want to wait a minute for it. */
  readonly timeouts?: Partial<Timeouts> | undefined;
  readonly concurrency?: number | undefined;
  readonly scratch?: ScratchOptions | undefined;
  readonly racePoint?: ((name: string) => Promise<void>) | undefined;
  /** Called before and after every request to an instance. */
  readonly aroundRequest?: ((when: 'before' | 'after', target: number) => Promise<void>) | undefined;
  readonly onRequest?: ((event: RequestEvent) => void) | undefined;
  readonly presence?: { beatMs?: number; deadAfterMs?: number; writeGraceMs?: number } | undefined;
  readonly onFenced?: () => void;
}

export interface TestWorker {
  readonly worker: RunningWorker;
  close(): Promise<void>;
}

export function queuePrefix(databaseUrl: string): string {
  return databaseUrl.split('_').at(-1) ?? 'test';
}

export async function startTestWorker(options: TestWorkerOptions): Promise<TestWorker> {
  const database = openDatabase<Tables>(options.databaseUrl, { max: 12, applicationName: 'worker' });
  const backend = await openQueueBackend({
    databaseUrl: options.databaseUrl,
    redisUrl: options.redisUrl,
    workers: QUEUES.length,
    prefix: queuePrefix(options.databaseUrl),
    lockDurationMs: 3000,
    stalledIntervalMs: 1000,
  });
  const workerId = Promise.withResolvers<string>();
  const slots = new AdvisorySlots({
    url: options.databaseUrl,
    // H12: whoever declares this process dead ends the session of its slots.
    onSession: async ({ pid, backendStart }) => noteLockSession(database.db, await workerId.promise, pid, backendStart),
  });
  const pace = new DatabasePace(database.db);
  const listener = openListener(options.databaseUrl);
  const scratchDir = await mkdtemp(join(fastFolder(), 'pngx-test-'));
  const worker = await startWorker({
    database,
    secrets: createSecretBox({ current: options.key, old: options.oldKey }),
    backend,
    producer: createProducer(backend),
    listener,
    pace,
    slots: options.aroundRequest ? around(slots, options.aroundRequest) : slots,
    log: options.log,
    jobLog: {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (fields, message) => options.log.error(message, { ...fields }),
    },
    metrics: { documentSettled: () => undefined, runClosed: () => undefined },
    controllerId: 'c0ffee00',
    scratchDir,
    role: 'worker',
    version: '0.0.0-test',
    concurrency: options.concurrency ?? 16,
    timings: { ...FAST_TIMINGS, ...options.timings },
    retryDelaysMs: [20, 40, 80],
    tickMs: 500,
    onFenced: options.onFenced ?? (() => undefined),
    ...(options.scratch ? { scratch: options.scratch } : {}),
    ...(options.timeouts ? { timeouts: options.timeouts } : {}),
    ...(options.racePoint ? { racePoint: options.racePoint } : {}),
    ...(options.onRequest ? { onRequest: options.onRequest } : {}),
    ...(options.presence ? { presence: options.presence } : {}),
  });
  workerId.resolve(worker.workerId);
  const close = async () => {
    await worker.close(5000);
    await backend.close();
    await listener.close();
    await slots.close();
    await database.close();
    await rm(scratchDir, { recursive: true, force: true });
  };
  return { worker, close };
}

function around(slots: LimitedSlots, hook: NonNullable<TestWorkerOptions['aroundRequest']>): LimitedSlots {
  return {
    setLimit: (target, limit) => slots.setLimit(target, limit),
    run: (target, work, signal) =>
      slots.run(
        target,
        async (lost) => {
          await hook('before', target);
          const answer = await work(lost);
          await hook('after', target);
          return answer;
        },
        signal,
      ),
  };
}
