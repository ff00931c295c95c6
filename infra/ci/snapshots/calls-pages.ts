/** Calls of the repositories behind the pages. */
import * as attention from '../../../shared/db/attention.repo.ts';
import * as pages from '../../../shared/db/pages.repo.ts';
import type { Call, Calls } from './calls.ts';

const attentionCalls: Calls<typeof attention> = {
  listAcknowledgements: (db) => attention.listAcknowledgements(db),
  acknowledge: (db) => attention.acknowledge(db, { key: 'own:queue', reason: 'why', actor: 'admin' }),
  forgetAcknowledgements: (db) => attention.forgetAcknowledgements(db, ['own:queue']),
};

const pageCalls: Calls<typeof pages> = {
  importantEvents: (db) => pages.importantEvents(db, 8),
  workersAlive: (db) => pages.workersAlive(db),
  replicaDays: (db) => pages.replicaDays(db, 30, 'Europe/Berlin'),
  async listRunItems(db) {
    await pages.listRunItems(db, { runId: 1 }, { limit: 100 });
    const filter = { runId: 1, states: ['failed', 'held'], kind: 'upload', code: 'file_changed' } as const;
    await pages.listRunItems(db, filter, { after: { rank: 0, linkId: 5 }, limit: 100 });
  },
  countRunItems: (db) => pages.countRunItems(db, 1),
  groupRunErrors: (db) => pages.groupRunErrors(db, 1),
  taxonomyTroubles: (db, { replicaId }) => pages.taxonomyTroubles(db, replicaId, 25),
  countTaxonomy: (db, { replicaId }) => pages.countTaxonomy(db, replicaId),
  countLinksOf: (db, { replicaId }) => pages.countLinksOf(db, replicaId),
};

export const pagesCalls: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  attention: attentionCalls,
  pages: pageCalls,
};
