/** Calls of the repository of webhook events (E24). */
import * as hints from '../../../shared/db/webhook-events.repo.ts';
import type { Call, Calls } from './calls.ts';

const HINT = { documentId: 7, kind: 'changed', body: 'json', fields: { doc_id: '7' } } as const;
const DUE = { id: 1, master_doc_id: 7, received_count: 1, looks: 0, known: true };

export const webhookCalls = {
  'webhook-events': {
    takeHint: (db) => hints.takeHint(db, HINT, 5000),
    countRequest: (db) => hints.countRequest(db),
    dueHints: (db) => hints.dueHints(db, 250),
    startHints: (db) => hints.startHints(db, [DUE]),
    lookAgain: (db) => hints.lookAgain(db, { id: 1, received_count: 1, seconds: 7 }),
    endHint: (db) => hints.endHint(db, 1, { state: 'done', outcome: 'applied', detail: 'x' }, null),
    markHinted: (db) => hints.markHinted(db, [7]),
    waitingLinks: (db) => hints.waitingLinks(db),
    replicasInNeed: (db) => hints.replicasInNeed(db),
    replicasInTrouble: (db) => hints.replicasInTrouble(db),
    planHinted: (db, { replicaId }) => hints.planHinted(db, 1, replicaId),
    joinRun: (db, { replicaId }) => hints.joinRun(db, 1, replicaId),
    syncingHints: (db) => hints.syncingHints(db, 1800),
    endIdleHintRuns: (db) => hints.endIdleHintRuns(db, [1]),
    hintRunsOpen: (db) => hints.hintRunsOpen(db, [1]),
    async listHints(db) {
      await hints.listHints(db, {}, { limit: 10 });
      await hints.listHints(db, { state: 'done', document: 7 }, { before: 9, limit: 10 });
    },
    findHint: (db) => hints.findHint(db, 1),
    hintSummary: (db) => hints.hintSummary(db),
    pruneHints: (db) => hints.pruneHints(db, new Date(), 5000),
  } satisfies Calls<typeof hints> as Record<string, Call>,
};
