/** Calls of the repositories that keep the controller gentle; calls.ts has the rest. */
import * as pace from '../../../shared/db/pace.repo.ts';
import * as replicaQueue from '../../../shared/db/replica-queue.repo.ts';
import type { Call, Calls } from './calls.ts';

const LOOK_MS = 5000;

const paceCalls: Calls<typeof pace> = {
  paceLimits: (db, { replicaId }) => pace.paceLimits(db, replicaId),
  async grant(db, { replicaId }) {
    for (const what of ['requests', 'bytes'] as const) await pace.grant(db, replicaId, what, 500);
  },
  noteRefused: (db, { replicaId }) => pace.noteRefused(db, replicaId, 1000),
  refusedTargets: (db) => pace.refusedTargets(db),
};

const replicaQueueCalls: Calls<typeof replicaQueue> = {
  pacedReplica: (db, { replicaId }) => replicaQueue.pacedReplica(db, replicaId, LOOK_MS),
  claimQueueLook: (db, { replicaId }) => replicaQueue.claimQueueLook(db, replicaId, LOOK_MS),
  noteQueue: (db, { replicaId }) => replicaQueue.noteQueue(db, replicaId, { foreign: 3, oldestAt: null }),
  wakeRested: (db, { replicaId }) => replicaQueue.wakeRested(db, replicaId),
  askedByHand: (db, { replicaId }) => replicaQueue.askedByHand(db, replicaId, 'manual'),
  ownTasks: (db) => replicaQueue.ownTasks(db, ['a', 'b']),
  uploadsWait: (db, { runId }) => replicaQueue.uploadsWait(db, runId),
};

export const limitCalls: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  pace: paceCalls,
  'replica-queue': replicaQueueCalls,
};
