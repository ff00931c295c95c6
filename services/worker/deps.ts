/** What handlers are given. Built in one place, so that an adapter is never constructed anywhere else. */
import { join } from 'node:path';
import type { SecretBox } from '../../shared/config/secret-key.ts';
import type { Database } from '../../shared/db/client.ts';
import { replicasUnderWay } from '../../shared/db/runs.repo.ts';
import type { Tables } from '../../shared/db/tables.ts';
import type { Clock } from '../../shared/kernel/clock.ts';
import type { Pace, RequestSlots, WriteGuard } from '../../shared/kernel/limits.ts';
import type { RequestEvent, Timeouts } from '../../shared/paperless/client.ts';
import { SETTINGS_CHANGED, type Listener } from '../../shared/db/listen.ts';
import { Turns } from '../../shared/queue/turns.ts';
import type { Producer } from '../../shared/queue/producer.ts';
import { engineQueue, notifyQueue } from '../../shared/replication/engine-queue.ts';
import type { EvaluateDeps } from '../../shared/replication/notify/deps.ts';
import { Busy } from '../../shared/replication/busy.ts';
import {
  ENGINE_TIMINGS,
  noRacePoint,
  type EngineDeps,
  type EngineLog,
  type EngineMetrics,
  type EngineTimings,
} from '../../shared/replication/deps.ts';
import { createLeadership, type Leadership } from '../../shared/replication/lead.ts';
import { configuredInstances } from '../../shared/replication/instances.ts';
import { loadSettings } from '../../shared/replication/load-settings.ts';
import { Scratch, type ScratchOptions } from '../../shared/replication/scratch.ts';
import { tellOfScratch } from '../../shared/replication/scratch-watch.ts';

export interface LimitedSlots extends RequestSlots {
  setLimit(target: number, limit: number): void;
}

/** What a program opened before it makes a worker of it. */
export interface WorkerFoundation {
  readonly database: Database<Tables>;
  readonly secrets: SecretBox;
  readonly producer: Producer;
  readonly slots: LimitedSlots;
  readonly pace: Pace;
  readonly listener: Listener;
  readonly log: EngineLog;
  readonly metrics: EngineMetrics;
  readonly controllerId: string;
  /** Document jobs at once. */
  readonly concurrency: number;
  readonly scratchDir: string;
  readonly scratch?: ScratchOptions;
  /** Our own address with the base path, for links in messages. */
  readonly publicUrl?: string | undefined;
  /** Told of each try to send a message. */
  readonly onDelivered?: EvaluateDeps['onDelivered'];
  readonly onRequest?: (event: RequestEvent) => void;
  /** Tests shorten waits and stop the process at named points; production gives neither. */
  readonly timings?: Partial<EngineTimings>;
  readonly racePoint?: (name: string) => Promise<void>;
  readonly retryDelaysMs?: readonly number[];
  readonly timeouts?: Partial<Timeouts>;
}

export interface WorkerDeps {
  readonly engine: EngineDeps;
  readonly leadership: Leadership;
  readonly notify: EvaluateDeps;
  /** Of the document jobs. */
  readonly turns: Turns;
  /** Replicas whose runs are under way, as they were within the last two seconds. */
  replicasUnderWay(): Promise<number[]>;
}

export async function createWorkerDeps(
  from: WorkerFoundation,
  presence: { workerId: string; guard: WriteGuard; clock: Clock },
  wake: EngineDeps['wake'],
): Promise<WorkerDeps> {
  const { db } = from.database;
  const recent = recently(() => loadSettings({ db, secrets: from.secrets }));
  const settings = recent.get;
  await from.listener.on(SETTINGS_CHANGED, recent.forget, recent.forget);
  const client = {
    slots: from.slots,
    pace: from.pace,
    guard: presence.guard,
    clock: presence.clock,
    onRequest: from.onRequest,
    retryDelaysMs: from.retryDelaysMs,
  };
  const leadership = createLeadership({ db, workerId: presence.workerId, guard: presence.guard, log: from.log });
  return {
    leadership,
    notify: notifyDeps(from, { leader: leadership, clock: presence.clock, settings }),
    turns: new Turns(from.concurrency),
    replicasUnderWay: recently(() => replicasUnderWay(db)).get,
    engine: {
      db,
      workerId: presence.workerId,
      leader: leadership,
      controllerId: from.controllerId,
      instances: configuredInstances({
        db,
        secrets: from.secrets,
        client,
        settings,
        timeouts: from.timeouts,
        setLimit: (target, limit) => from.slots.setLimit(target, limit),
      }),
      queue: engineQueue(from.producer),
      scratch: await Scratch.open(join(from.scratchDir, presence.workerId), {
        onChange: tellOfScratch({ db, log: from.log, workerId: presence.workerId }),
        ...from.scratch,
      }),
      log: from.log,
      metrics: from.metrics,
      clock: presence.clock,
      pace: from.pace,
      timings: { ...ENGINE_TIMINGS, ...from.timings },
      settings,
      wake,
      busy: new Busy(),
      racePoint: from.racePoint ?? noRacePoint,
    },
  };
}

function notifyDeps(from: WorkerFoundation, own: Pick<EvaluateDeps, 'leader' | 'clock' | 'settings'>): EvaluateDeps {
  return {
    ...own,
    db: from.database.db,
    secrets: from.secrets,
    log: from.log,
    queue: notifyQueue(from.producer),
    publicUrl: from.publicUrl,
    onDelivered: from.onDelivered ?? (() => undefined),
    racePoint: from.racePoint ?? noRacePoint,
  };
}

/** Every job asks for the settings; a change is told by a notification, and seen within two seconds should that be lost. */
function recently<T>(load: () => Promise<T>): { get(): Promise<T>; forget(): void } {
  let known: { at: number; value: Promise<T> } | null = null;
  const forget = () => {
    known = null;
  };
  const get = () => {
    if (known && performance.now() - known.at < 2000) return known.value;
    const entry = { at: performance.now(), value: load() };
    known = entry;
    entry.value.catch(() => {
      if (known === entry) forget();
    });
    return entry.value;
  };
  return { get, forget };
}
