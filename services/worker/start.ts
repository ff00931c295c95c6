/** The worker as a part: used by `npm run worker`, by the standalone program and by tests. */
import * as links from '../../shared/db/links.repo.ts';
import * as runs from '../../shared/db/runs.repo.ts';
import { PROCESS_LEFT } from '../../shared/db/listen.ts';
import type { Db } from '../../shared/db/tables.ts';
import { releaseForgottenVerifications } from '../../shared/db/verifications.repo.ts';
import { systemClock, HOUR } from '../../shared/kernel/clock.ts';
import type { QueueBackend } from '../../shared/queue/backend.ts';
import type { QueueName } from '../../shared/queue/catalog.ts';
import { startRunner, type JobEvent, type JobLog } from '../../shared/queue/runner.ts';
import { startDispatcher, type Dispatcher } from '../../shared/replication/dispatch.ts';
import { acknowledgeTopology } from '../../shared/replication/promote/stop-everything.ts';
import { promotionTick } from '../../shared/replication/promote/tick.ts';
import { openDueCycle } from '../../shared/replication/open-cycle.ts';
import type { Leader } from '../../shared/replication/lead.ts';
import { startPresence } from '../../shared/replication/presence.ts';
import { listenForStops, stopClosed } from '../../shared/replication/stop-work.ts';
import { watchScratch } from '../../shared/replication/scratch-watch.ts';
import { verifyTick } from '../../shared/replication/verify-tick.ts';
import { createNotifyTick } from '../../shared/replication/notify/tick.ts';
import { startHintTick } from '../../shared/replication/webhook/hint-tick.ts';
import { createWorkerDeps, type WorkerDeps, type WorkerFoundation } from './deps.ts';
import { keepBackups } from './keep-backups.ts';
import { handlersFor } from './registry.ts';

export interface WorkerOptions extends WorkerFoundation {
  readonly backend: QueueBackend;
  readonly jobLog: JobLog;
  readonly role: string;
  /** The id that this process's database sessions bear; otherwise a new one. */
  readonly workerId?: string;
  readonly version: string;
  readonly onJob?: (event: JobEvent) => void;
  /** Another process declared this one dead: it must end at once (exit 70). */
  onFenced(): void;
  /** Where backups of our own database go; without it this process makes none. */
  readonly backups?: { readonly dir: string; readonly lookMs?: number; readonly everyMs?: number };
  readonly tickMs?: number;
  /** Between two looks at what people have to be told. */
  readonly evaluateMs?: number;
  readonly presence?: { beatMs?: number; deadAfterMs?: number; writeGraceMs?: number };
}

export interface RunningWorker {
  readonly workerId: string;
  readonly dispatcher: Dispatcher;
  /** Jobs that are worked on right now. */
  running(): number;
  /** Takes no new work, hands back what runs, gives back every lease; bounded by `deadlineMs`. */
  close(deadlineMs?: number): Promise<void>;
}

export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { db } = options.database;
  let dispatcher: Dispatcher | null = null;
  const presence = await startPresence(db, {
    ...beatOf(options),
    onDeath(id) {
      options.log.warning(`Process ${id} stopped beating; its work goes on elsewhere.`, { code: 'worker_dead' });
      void dispatcher?.round();
    },
  });
  const deps = await createWorkerDeps(options, presence, (runId, at) => dispatcher?.wake(runId, at));
  const schedules = keepSchedules(options, deps.leadership);
  const hints = startHintTick(deps.engine);
  dispatcher = startDispatcher(
    {
      ...deps.engine,
      queueAnswers: () => answers(options.backend),
      stopClosed: () => stopClosed(deps.engine),
      async lead() {
        if (await deps.leadership.tick()) schedules.put();
        await openDueCycle(deps.engine);
        hints.tick();
      },
      settleTopology: () => acknowledgeTopology(deps.engine),
      promote: (signal) => promotionTick(deps.engine, signal),
      verifyTick: () => verifyTick(deps.engine),
      notifyTick: createNotifyTick(deps.notify, options.evaluateMs),
      watchScratch: () => watchScratch(deps.engine),
      releaseForgotten: () => releaseForgotten(deps),
    },
    options.tickMs === undefined ? {} : { tickMs: options.tickMs },
  );
  await listenForStops(options.listener, deps.engine);
  await options.listener.on(PROCESS_LEFT, (id) => void (id === presence.workerId ? undefined : dispatcher?.round()));
  const runner = await startRunner({
    backend: options.backend,
    handlers: handlersFor(deps),
    concurrency: placesOf(options),
    log: options.jobLog,
    ...(options.onJob ? { onJob: options.onJob } : {}),
  });
  void dispatcher.round();
  const backups = keepBackups(options, deps);
  const running = dispatcher;
  return {
    workerId: presence.workerId,
    dispatcher: running,
    running: () => runner.running(),
    async close(deadlineMs = 20_000) {
      schedules.stop();
      await backups.stop();
      await hints.stop();
      await running.stop();
      await runner.close(deadlineMs);
      await giveBack(db, presence.workerId);
      await deps.leadership.resign();
      await presence.stop();
    },
  };
}

const beatOf = ({ role, version, presence, workerId, onFenced }: WorkerOptions) => ({
  ...{ role, version, workerId, clock: systemClock, onDeclaredDead: onFenced },
  ...presence,
});

const answers = (backend: QueueBackend) =>
  backend.ping().then(
    () => true,
    () => false,
  );

async function giveBack(db: Db, workerId: string): Promise<void> {
  await links.releaseAllOf(db, workerId);
  await runs.releaseRunsOf(db, workerId);
  await releaseForgottenVerifications(db, workerId, () => false);
}

/** Jobs at once, by queue. */
function placesOf({ concurrency }: WorkerOptions): Record<QueueName, number> {
  return { cycle: 1, replica: 4, chunk: 2, document: concurrency, verify: 2, maintenance: 1, notify: 2 };
}

/** What this process holds in the database but does not work on. */
async function releaseForgotten({ engine: { db, workerId, busy } }: WorkerDeps): Promise<void> {
  await links.releaseForgotten(db, workerId, (id) => busy.links.has(id));
  await runs.releaseForgottenRuns(db, workerId, (id) => busy.runs.has(id));
  await releaseForgottenVerifications(db, workerId, (id) => busy.verifications.has(id));
}

/** Schedulers live in the queue, which may be flushed: the leader puts them back every 30 s (protocol section 5). */
function keepSchedules(options: WorkerOptions, leader: Leader): { put(): void; stop(): void } {
  const put = () => {
    const epoch = leader.epoch();
    if (epoch === null) return;
    const missing = (error: Error) =>
      options.log.warning(`The queue keeps no schedule just now: ${error.message}`, { code: 'queue_unavailable' });
    void options.producer.schedule('cycle-tick', 'cycle', { runId: null }, 60).catch(missing);
    void options.producer.schedule('prune', 'maintenance', { task: 'prune', epoch }, HOUR / 1000).catch(missing);
  };
  const timer = setInterval(put, 30_000);
  return { put, stop: () => clearInterval(timer) };
}
