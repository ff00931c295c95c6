/** One call of every method that matches copies, proposes matches or looks after identities. */
import * as identity from '../../../shared/db/identity.repo.ts';
import * as proposals from '../../../shared/db/proposals.repo.ts';
import * as claims from '../../../shared/db/reconcile-claims.repo.ts';
import * as reconcile from '../../../shared/db/reconcile.repo.ts';
import type { Call, Calls } from './calls.ts';

const SCAN = 1;
const ROW: reconcile.ScanRow = {
  doc_id: 1,
  added: '2024-05-06T07:08:09.123456Z',
  asn: 1,
  title_key: 't',
  name_key: 'n',
  content_key: 'c',
  root_hex: 'c',
  newest_hex: 'c',
  marked_for: null,
  bears_reserved: false,
};

const reconcileCalls: Calls<typeof reconcile> = {
  openScan: (db, { replicaId, runId }) => reconcile.openScan(db, { replicaId, runId, mode: 'reconcile' }),
  dropScan: (db) => reconcile.dropScan(db, SCAN),
  finishScan: (db) => reconcile.finishScan(db, SCAN, { claimed: 1 }),
  async addScanRows(db, { replicaId, runId }) {
    const scan = await reconcile.openScan(db, { replicaId, runId, mode: 'reconcile' });
    await reconcile.addScanRows(db, scan, 'master', [ROW]);
  },
  analyzeScan: (db) => reconcile.analyzeScan(db),
  attachLinks: (db, { replicaId }) => reconcile.attachLinks(db, SCAN, replicaId),
  leaveInFlight: (db) => reconcile.leaveInFlight(db, SCAN),
  keepLinks: (db) => reconcile.keepLinks(db, SCAN),
  reserveOwned: (db, { replicaId }) => reconcile.reserveOwned(db, SCAN, replicaId),
  matchMarked: (db) => reconcile.matchMarked(db, SCAN),
  unhashedRows: (db) => reconcile.unhashedRows(db, SCAN, 'master', 0, 200),
  setHashes: (db) =>
    reconcile.setHashes(db, SCAN, 'master', [{ docId: 1, contentKey: 'c', newestHex: 'c', sha256: null, md5: 'c' }]),
  async freeGroups(db) {
    for (const key of ['content_key', 'root_hex', 'title_key'] as const)
      await reconcile.freeGroups(db, SCAN, key, '', 500);
  },
  setPairs: (db) => reconcile.setPairs(db, SCAN, [{ masterId: 1, copyId: 2, rule: 'asn' }]),
  matchIdentities: (db) => reconcile.matchIdentities(db, SCAN),
  countRules: (db) => reconcile.countRules(db, SCAN),
  countExtras: (db) => reconcile.countExtras(db, SCAN),
  scanResults: (db) => reconcile.scanResults(db, SCAN, 1000),
  reconciliationsOf: (db, { replicaId }) => reconcile.reconciliationsOf(db, replicaId, { before: 9, limit: 10 }),
};

const claimCalls: Calls<typeof claims> = {
  releaseChanged: (db, { runLease }) => claims.releaseChanged(db, SCAN, runLease),
  countChanged: (db) => claims.countChanged(db, SCAN),
  claimMatched: (db, { replicaId, runLease }) =>
    claims.claimMatched(db, SCAN, replicaId, runLease, { after: 0, limit: 200, chunkSize: 500 }),
  dirtyVanished: (db) => claims.dirtyVanished(db, SCAN),
  countItems: (db, { runId }) => claims.countItems(db, runId),
  noteReconciled: (db, { replicaId }) =>
    claims.noteReconciled(db, replicaId, { complete: true, knownMarks: [1], highWater: { id: 1, added: ROW.added } }),
  requireReconcile: (db, { replicaId }) => claims.requireReconcile(db, replicaId, 'Why.'),
};

const proposal = { masterId: 1, copyId: 2, rule: 'asn', shown: {} } as const;
const proposalCalls: Calls<typeof proposals> = {
  equalNumbers: (db) => proposals.equalNumbers(db, SCAN),
  propose: (db, { replicaId }) => proposals.propose(db, SCAN, replicaId, [proposal]),
  rejectedAmong: (db, { replicaId }) => proposals.rejectedAmong(db, SCAN, replicaId),
  closeStale: (db, { replicaId }) => proposals.closeStale(db, SCAN, replicaId),
  noteProposedLinks: (db, { replicaId }) => proposals.noteProposedLinks(db, replicaId),
  async listProposals(db, { replicaId }) {
    await proposals.listProposals(db, replicaId, { state: undefined, after: undefined, limit: 10 });
    await proposals.listProposals(db, replicaId, { state: 'open', after: 1, limit: 10 });
  },
  findProposal: (db, { replicaId }) => proposals.findProposal(db, replicaId, 1),
  async decideProposal(db, { replicaId, link }) {
    const added = ROW.added;
    const row = await db
      .insertInto('match_proposals')
      .values({
        replica_id: replicaId,
        link_id: link.id,
        master_doc_id: 1,
        master_added: added,
        replica_doc_id: 2,
        replica_added: added,
        rule: 'asn',
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await proposals.decideProposal(db, row, 'accepted');
  },
  acceptedProposal: (db, { link }) => proposals.acceptedProposal(db, link.id),
  closeProposal: (db) => proposals.closeProposal(db, 1, 'linked'),
  countOpenProposals: (db, { replicaId }) => proposals.countOpenProposals(db, replicaId),
};

const identityCalls: Calls<typeof identity> = {
  sampleOfCopies: (db, { replicaId }) => identity.sampleOfCopies(db, replicaId, 50, true),
  copiesAfter: (db, { replicaId }) => identity.copiesAfter(db, replicaId, 0, 250),
  quarantine: (db, { link }) => identity.quarantine(db, [link.id], 'Why.'),
  countQuarantined: (db, { replicaId }) => identity.countQuarantined(db, replicaId),
  alsoKnownAt: (db, { replicaId }) =>
    identity.alsoKnownAt(db, [{ id: 1, added: ROW.added }], { master: false, replicaId }),
  unknownMarks: (db, { replicaId }) =>
    identity.unknownMarks(db, replicaId, [{ id: 1, masterId: 1, title: 'pngx.a.m1.a1' }]),
  copyCounts: (db, { replicaId }) => identity.copyCounts(db, replicaId),
  highWaterOf: (db, { replicaId }) => identity.highWaterOf(db, replicaId),
  noteHighWater: (db, { replicaId }) => identity.noteHighWater(db, replicaId, { id: 1, added: ROW.added }),
  capAcceptedMissing: (db, { replicaId }) => identity.capAcceptedMissing(db, replicaId, 1),
  acceptMissing: (db, { replicaId }) => identity.acceptMissing(db, replicaId, 1),
  acceptIdentities: (db, { replicaId }) => identity.acceptIdentities(db, replicaId, 'Why.'),
};

export const reconcileRepoCalls: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  identity: identityCalls,
  proposals: proposalCalls,
  'reconcile-claims': claimCalls,
  reconcile: reconcileCalls,
};
