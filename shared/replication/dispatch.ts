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
import * as runs from '../db/runs.repo.ts';
import type { Run } from '../db/tables.ts';
import type { Clock } from '../kernel/clock.ts';
import { closeOverdueRuns, closeReplicaRun, tryCloseReplicaRun, type CloseDeps } from './close-runs.ts';
import { TICK_MS, type EngineDeps, type EngineQueue, type EngineTimings } from './deps.ts';

export interface DispatcherDeps extends CloseDeps {
  readonly queue: EngineQueue;
  readonly timings: Pick<EngineTimings, 'lostJobMs'>;
  readonly workerId: string;
  /** Takes the lead if nobody living has it, and does what the leader alone does. */
  lead(): Promise<void>;
  readonly clock: Clock;
  /** Work of this process whose row was closed by another one. */
  stopClosed(): Promise<void>;
  /** The night's verification, lost jobs of verifications, and repairs to be verified. */
  verifyTick(): Promise<void>;
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
    clearInterval(this.#ticker);
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#busy;
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
    await this.#deps.lead();
    await closeOverdueRuns(this.#deps);
    const by = { worker: this.#deps.workerId, lostAfterMs: this.#deps.timings.lostJobMs };
    for (const lost of await runs.takeLostRuns(this.#deps.db, by)) {
      if (lost.kind === 'cycle') await this.#deps.queue.cycle(lost.id, lost.dispatch_gen);
      else await this.#deps.queue.replica(lost.id, lost.dispatch_gen);
    }
    for (const run of await runs.unfinishedRuns(this.#deps.db)) {
      // E31: the replica was deleted; what was under way ends quietly.
      if (run.kind === 'replica' && run.replica_id === null)
        await closeReplicaRun(this.#deps, run.id, { outcome: 'cancelled' });
      if (run.kind !== 'replica' || run.replica_id === null || run.phase !== 'documents') continue;
      // Chunk jobs are only the fan-out: a lost one is carried out here.
      if (this.#deps.clock.now().getTime() - run.started_at.getTime() > this.#deps.timings.lostJobMs)
        for (const chunk of await runs.plannedChunks(this.#deps.db, run.id))
          await runs.openChunk(this.#deps.db, run.id, chunk);
      await this.#dispatch(run);
      await tryCloseReplicaRun(this.#deps, run.id);
    }
    await this.#deps.verifyTick();
  }

  async #dispatchRun(runId: number): Promise<void> {
    const run = await runs.runById(this.#deps.db, runId);
    if (run && !run.finished_at && run.phase === 'documents') await this.#dispatch(run);
  }

  async #send(jobs: readonly Dispatched[]): Promise<void> {
    if (jobs.length === 0) return;
    try {
      await this.#deps.queue.documents(jobs);
    } catch (error) {
      await undispatch(this.#deps.db, jobs);
      throw error;
    }
  }

  async #dispatch(run: Run): Promise<void> {
    if (run.replica_id === null) return;
    const { lostJobMs } = this.#deps.timings;
    const by = { worker: this.#deps.workerId, lostAfterMs: lostJobMs };
    const scope = { runId: run.id, replicaId: run.replica_id };
    const settings = await this.#deps.settings();
    const replica = await this.#deps.db
      .selectFrom('replicas')
      .select(['library_proven'])
      .where('id', '=', run.replica_id)
      .executeTakeFirst();
    if (!replica) return;
    const now = await inFlight(this.#deps.db, run.replica_id, lostJobMs);
    // H23: until the first upload proved the two to be different libraries, one at a time.
    const queueRoom = (replica.library_proven ? settings.maxReplicaQueue : 1) - now.uploads;
    const window = Math.max(2 * settings.maxConcurrentRequests, settings.maxReplicaQueue);
    let room = window - now.jobs;
    const taken: Dispatched[] = await takeForDispatch(this.#deps.db, scope, 'begun', window, by);
    room -= taken.length;
    const updates = await takeForDispatch(this.#deps.db, scope, 'update', room, by);
    room -= updates.length;
    const uploads = await takeForDispatch(this.#deps.db, scope, 'upload', Math.min(room, queueRoom), by);
    taken.push(...updates, ...uploads);
    if (taken.length === 0 && now.jobs === 0 && (await onlyLinkingIsOpen(this.#deps.db, run.id, null)))
      taken.push(...(await takeForDispatch(this.#deps.db, scope, 'linking', window, by)));
    await this.#send(taken);
    const due = await nextDue(this.#deps.db, scope);
    if (due) this.wake(run.id, due);
  }
}
