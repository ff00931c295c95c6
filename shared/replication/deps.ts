/** What the verbs of the engine are given. Every verb takes this (or less) as its first argument; nothing is a global. */
import type { Settings } from '../config/settings.ts';
import type { Db } from '../db/tables.ts';
import { ATTEMPT_TIMINGS, type AttemptTimings } from '../domain/attempt-rules.ts';
import { MINUTE, SECOND, type Clock } from '../kernel/clock.ts';
import type { Pace } from '../kernel/limits.ts';
import type { PaperlessReader, PaperlessWriter } from '../paperless/api.ts';
import type { Busy } from './busy.ts';
import type { Leader } from './lead.ts';
import type { Scratch } from './scratch.ts';

/** A log event: text without secrets, document text or URLs' queries; the rest are typed fields. */
export interface EngineLog {
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
export interface LogFields {
  readonly replicaId?: number | null;
  readonly replica?: string;
  readonly runId?: number | null;
  readonly docId?: number | null;
  readonly code?: string | null;
  readonly [more: string]: unknown;
}

export interface EngineQueue {
  cycle(runId: number, generation: number): Promise<void>;
  replica(runId: number, generation: number): Promise<void>;
  chunks(runId: number, chunks: readonly number[]): Promise<void>;
  documents(jobs: readonly { linkId: number; generation: number; replicaId: number }[]): Promise<void>;
  verify(verificationId: number): Promise<void>;
}

export interface EngineMetrics {
  documentSettled(replica: string, status: 'ok' | 'error'): void;
  runClosed(triggeredBy: string, seconds: number): void;
}

/** Clients of the instances as configured now. The type that reads the master has no write methods (H5). */
export interface Instances {
  master(): Promise<PaperlessReader>;
  replica(replicaId: number): Promise<PaperlessWriter>;
}

export interface EngineTimings extends AttemptTimings {
  /** No further write to a document after an unanswered one (protocol section 2, point 6). */
  readonly unansweredHoldMs: number;
  /** Two clean read-backs after an unanswered write lie at least this far apart. */
  readonly cleanReadsApartMs: number;
  /** A document that becomes visible later than its `modified` is still found (E3). */
  readonly feedOverlapMs: number;
  readonly feedPageSize: number;
  /** A job that nobody took up for so long is lost: within a minute it is made anew (R2). */
  readonly lostJobMs: number;
  /** Age of a run in which documents wait no longer for the replica to clear the values of a removed option. */
  readonly cleanUpWaitMs: number;
  readonly chunkSize: number;
  /** Looks at the task inside the job that sent the upload, before it is snoozed. */
  readonly quickLooksMs: readonly number[];
  /** Between two looks at a replica's own task list, while uploads wait. */
  readonly queueLookMs: number;
  /** Work that would wait longer than this for its turn gives its place to others and comes back. */
  readonly longestTurnMs: number;
  /** Before a file that found no room on our disk is tried again. */
  readonly fullDiskMs: number;
  /** Before a promotion tries once more to end what had begun. */
  readonly drainAgainMs: number;
  /** Longer than any process keeps settings that it has read: until then nobody takes up a new master. */
  readonly settingsSeenMs: number;
}

export const ENGINE_TIMINGS: EngineTimings = {
  ...ATTEMPT_TIMINGS,
  unansweredHoldMs: 15 * MINUTE,
  cleanReadsApartMs: 10 * MINUTE,
  feedOverlapMs: 10 * MINUTE,
  feedPageSize: 250,
  lostJobMs: 25 * SECOND,
  cleanUpWaitMs: MINUTE,
  chunkSize: 500,
  quickLooksMs: [40, 120],
  queueLookMs: 5 * SECOND,
  longestTurnMs: 5 * SECOND,
  fullDiskMs: 10 * SECOND,
  drainAgainMs: 15 * SECOND,
  settingsSeenMs: 4 * SECOND,
};

export interface EngineDeps {
  readonly db: Db;
  readonly workerId: string;
  /** Whether this process does what must happen once (R3). */
  readonly leader: Leader;
  readonly controllerId: string;
  readonly instances: Instances;
  readonly queue: EngineQueue;
  readonly scratch: Scratch;
  readonly log: EngineLog;
  readonly metrics: EngineMetrics;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly timings: EngineTimings;
  settings(): Promise<Settings>;
  /** What this process works on right now; whoever takes a lease enters it first (see releaseForgotten). */
  readonly busy: Busy;
  /** Work ended or a snooze was set: the dispatcher should look at this replica's run at `at` (default: now). */
  wake(runId: number, at?: Date): void;
  /** A seam for tests: holds or kills the process at a named point, to reproduce a crash there. */
  racePoint(name: string): Promise<void>;
}

export const noRacePoint = (): Promise<void> => Promise.resolve();
export const TICK_MS = 5 * SECOND;
