/** Calls of the repositories of single documents, as people look for and decide about them; calls.ts has the rest. */
import * as exclusions from '../../../shared/db/exclusions.repo.ts';
import * as search from '../../../shared/db/document-search.repo.ts';
import type { Call, Calls } from './calls.ts';

const searchCalls: Calls<typeof search> = {
  async searchDocuments(db, { replicaId, runId }) {
    const replicaIds = [replicaId];
    await search.searchDocuments(db, { replicaIds }, { limit: 10 });
    const more = {
      masterDocId: 1,
      replicaDocId: 2,
      runId,
      status: 'error',
      phases: ['dlq'],
      code: 'file_changed',
    } as const;
    const still = { waiting: true, held: true, inHand: true, unverifiedSince: new Date(), field: 'owner' };
    await search.searchDocuments(db, { replicaIds, ...more, ...still }, { after: 1, limit: 10 });
  },
};

const exclusionCalls: Calls<typeof exclusions> = {
  exclusionOf: (db, { replicaId }) => exclusions.exclusionOf(db, replicaId, 1),
  lockExclusion: (db, { replicaId }) => exclusions.lockExclusion(db, replicaId, 1),
  excludeLink: (db, { link }) => exclusions.excludeLink(db, link.id, 'not wanted there', 'ada'),
  includeLink: (db, { link }) => exclusions.includeLink(db, link.id),
};

export const pageCalls: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  'document-search': searchCalls,
  exclusions: exclusionCalls,
};
