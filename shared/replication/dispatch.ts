/**
 * The dispatcher (protocol section 5): every 5 s, and whenever work ended or a snooze is over, links with open work get a
 * job. Any number of processes may run it. The queue holds only what a replica can work on now, so that a slow replica's
 * jobs never stand in front of a fast one's, and a flushed queue is rebuilt from rows.
 */
import {
  inFlight,
  nextDue,
  onlyLinkingIsOpen,
  takeForDispatch,
  undispatch,
  type Dispatched,
} from '../db/dispatch.repo.ts';
import { pacedReplica, uploadsWait, type PacedReplica } from '../db/replica-queue.repo.ts';
import { scratchState } from '../db/workers.repo.ts';
import { roomInQueue } from '../domain/replica-queue.ts';
import { lookAtQueue } from './look-at-queue.ts';
import { quietEnd } from './rest.ts';
import { sendRuns } from './send-runs.ts';
import * as runs from '../db/runs.repo.ts';
import type { Run } from '../db/tables.ts';
import type { Clock } from '../kernel/clock.ts';
import { closeOverdueRuns, closeReplicaRun, tryCloseReplicaRun, type CloseDeps } from './close-runs.ts';
import { TICK_MS, type EngineDeps, type EngineQueue, type EngineTimings } from './deps.ts';

export interface DispatcherDeps extends CloseDeps {
  readonly queue: EngineQueue;
  /** Whether the queue's server can be reached from here just now. */
  queueAnswers(): Promise<boolean>;
  readonly timings: EngineTimings;
  readonly instances: EngineDeps['instances'];
  readonly workerId: string;
  /** Takes the lead if nobody living has it, and does what the leader alone does. */
  lead(): Promise<void>;
  readonly clock: Clock;
  /** Work of this process whose row was closed by another one. */
  stopClosed(): Promise<void>;
  /** This process has ended what it did under earlier topologies (E27). */
  settleTopology(): Promise<void>;
  /** Carries a promotion on, beside the rounds: it asks instances. */
  promote(signal: AbortSignal): Promise<void>;
  /** The night's verification, lost jobs of verifications, and repairs to be verified. */
  verifyTick(): Promise<void>;
  /** Are people to be told of something; and which message has no job? */
  notifyTick(hasQueue: boolean): Promise<void>;
  /** Is there room for files again? */
  watchScratch(): Promise<void>;
  /** Leases that this process holds in the database but does not work on. */
  releaseForgotten(): Promise<void>;
}

export interface Dispatcher {
  wake: EngineDeps['wake'];
  /** One whole round, for tests and for the start of a process. */
  round(): Promise<void>;
  stop(): Promise<void>;
}

export function startDispatcher(deps: DispatcherDeps, options: { tickMs?: number } = {}): Dispatcher {
  return new Dispatching(deps, options.tickMs ?? TICK_MS);
}

class Dispatching implements Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #asked = new Set<number>();
  readonly #ticker: NodeJS.Timeout;
  readonly #looking = new Map<number, Promise<void>>();
  readonly #halt = new AbortController();
  #promoting: Promise<void> | null = null;
  #busy: Promise<void> = Promise.resolve();
  #queued = false;
  #stopped = false;

  constructor(deps: DispatcherDeps, tickMs: number) {
    this.#deps = deps;
    this.#ticker = setInterval(() => void this.#enqueue(() => this.#everything()), tickMs);
  }

  readonly wake: EngineDeps['wake'] = (runId, at) => {
    if (this.#stopped) return;
    const ms = at ? at.getTime() - this.#deps.clock.now().getTime() : 0;
    if (ms > TICK_MS) return; // the ticks will see it
    if (ms <= 0) return this.#ask(runId);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#ask(runId);
    }, ms + 5);
    this.#timers.add(timer);
  };

  round(): Promise<void> {
    return this.#enqueue(() => this.#everything());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#halt.abort();
    clearInterval(this.#ticker);
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#busy;
    await Promise.all(this.#looking.values());
    await this.#promoting;
  }

  /** Many jobs end at once; one look at a run serves them all. */
  #ask(runId: number): void {
    this.#asked.add(runId);
    if (this.#queued) return;
    this.#queued = true;
    void this.#enqueue(async () => {
      this.#queued = false;
      const asked = [...this.#asked];
      this.#asked.clear();
      for (const id of asked) await this.#dispatchRun(id);
    });
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const next = this.#busy.then(() => (this.#stopped ? undefined : work()));
    // The database may be away: the next tick tries again.
    this.#busy = next.catch((error: unknown) =>
      this.#deps.log.warning(`The dispatcher could not work: ${(error as Error).message}`, { code: 'dispatch_failed' }),
    );
    return this.#busy;
  }

  async #everything(): Promise<void> {
    await this.#deps.releaseForgotten();
    await this.#deps.stopClosed();
    await this.#deps.settleTopology();
    await this.#deps.watchScratch();
    await this.#deps.lead();
    this.#promote();
    await closeOverdueRuns(this.#deps);
    const by = { worker: this.#deps.workerId, lostAfterMs: this.#deps.timings.lostJobMs };
    // One whose line to the queue is cut would only take work from those that can hand it out.
    const hasQueue = await this.#deps.queueAnswers();
    if (hasQueue) await sendRuns(this.#deps, await runs.takeLostRuns(this.#deps.db, by));
    for (const run of await runs.unfinishedRuns(this.#deps.db)) {
      // E31: the replica was deleted; what was under way ends quietly.
      if (run.kind === 'replica' && run.replica_id === null)
        await closeReplicaRun(this.#deps, run.id, { outcome: 'cancelled' });
      if (run.kind !== 'replica' || run.replica_id === null || run.phase !== 'documents') continue;
      // Chunk jobs are only the fan-out: a lost one is carried out here.
      if (this.#deps.clock.now().getTime() - run.started_at.getTime() > this.#deps.timings.lostJobMs)
        for (const chunk of await runs.plannedChunks(this.#deps.db, run.id))
          await runs.openChunk(this.#deps.db, run.id, chunk);
      if (hasQueue) await this.#dispatch(run);
      await tryCloseReplicaRun(this.#deps, run.id);
    }
    if (hasQueue) await this.#deps.verifyTick();
    await this.#deps.notifyTick(hasQueue);
  }

  async #dispatchRun(runId: number): Promise<void> {
    const run = await runs.runById(this.#deps.db, runId);
    if (!run || run.finished_at || run.phase !== 'documents') return;
    if (await this.#deps.queueAnswers()) await this.#dispatch(run);
  }

  /** How many uploads may be begun: by what the replica's own queue holds, and one at a time until H23 is settled. */
  async #queueRoom(runId: number, replicaId: number, replica: PacedReplica, ours: number): Promise<number> {
    if (replica.queue_due && (await uploadsWait(this.#deps.db, runId))) this.#look(runId, replicaId);
    const { maxReplicaQueue } = await this.#deps.settings();
    const queue = { foreign: replica.queue_foreign, oldestAt: replica.queue_oldest_at };
    const room = roomInQueue(queue, ours, maxReplicaQueue, this.#deps.clock.now());
    return replica.library_proven ? room : Math.min(room, 1 - ours);
  }

  /** Beside the rounds: a slow replica must not keep the others waiting for their jobs. */
  #look(runId: number, replicaId: number): void {
    if (this.#looking.has(replicaId)) return;
    const look = lookAtQueue(this.#deps, replicaId, this.#halt.signal)
      .then((looked) => {
        if (looked) this.wake(runId);
      })
      .catch(() => undefined)
      .finally(() => this.#looking.delete(replicaId));
    this.#looking.set(replicaId, look);
  }

  #promote(): void {
    this.#promoting ??= this.#deps
      .promote(this.#halt.signal)
      .catch((error: unknown) =>
        this.#deps.log.warning(`A promotion could not go on: ${(error as Error).message}`, { code: 'dispatch_failed' }),
      )
      .finally(() => {
        this.#promoting = null;
      });
  }

  async #send(jobs: readonly Dispatched[], replicaId: number): Promise<void> {
    if (jobs.length === 0) return;
    try {
      await this.#deps.queue.documents(jobs.map((job) => ({ ...job, replicaId })));
    } catch (error) {
      await undispatch(this.#deps.db, jobs);
      throw error;
    }
  }

  async #dispatch(run: Run): Promise<void> {
    if (run.replica_id === null) return;
    const { lostJobMs, queueLookMs } = this.#deps.timings;
    const by = { worker: this.#deps.workerId, lostAfterMs: lostJobMs };
    const scope = { runId: run.id, replicaId: run.replica_id };
    const settings = await this.#deps.settings();
    const replica = await pacedReplica(this.#deps.db, run.replica_id, queueLookMs);
    if (!replica) return;
    const time = this.#deps.clock.now();
    // E14: nothing is handed out to a replica that asked to be left alone, nothing new in its quiet hours.
    if (replica.refused_until !== null && replica.refused_until > time) return this.wake(run.id, replica.refused_until);
    const now = await inFlight(this.#deps.db, run.replica_id, lostJobMs);
    const quiet = quietEnd(settings, replica, run, time) !== null;
    // Files that no process has room for are not even asked about.
    const noFiles = quiet || (await scratchState(this.#deps.db)).all_full;
    const queueRoom = noFiles ? 0 : await this.#queueRoom(run.id, run.replica_id, replica, now.uploads);
    const window = Math.max(2 * settings.maxConcurrentRequests, settings.maxReplicaQueue);
    let room = window - now.jobs;
    const taken: Dispatched[] = await takeForDispatch(this.#deps.db, scope, 'begun', window, by);
    room -= taken.length;
    const updates = await takeForDispatch(this.#deps.db, scope, 'update', quiet ? 0 : room, by);
    room -= updates.length;
    const uploads = await takeForDispatch(this.#deps.db, scope, 'upload', Math.min(room, queueRoom), by);
    taken.push(...updates, ...uploads);
    if (!quiet && taken.length === 0 && now.jobs === 0 && (await onlyLinkingIsOpen(this.#deps.db, run.id, null)))
      taken.push(...(await takeForDispatch(this.#deps.db, scope, 'linking', window, by)));
    await this.#send(taken, run.replica_id);
    const due = await nextDue(this.#deps.db, scope);
    if (due) this.wake(run.id, due);
  }
}
