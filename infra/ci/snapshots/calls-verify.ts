/** Calls of the repositories of verification (E22). */
import * as findings from '../../../shared/db/findings.repo.ts';
import * as ledger from '../../../shared/db/verification-ledger.repo.ts';
import * as verifications from '../../../shared/db/verifications.repo.ts';
import type { Call, Calls } from './calls.ts';
import type { Fixture } from './fixture.ts';

const NOW = new Date();
const page = { before: 9, limit: 10 };

const wanted = ({ replicaId }: Fixture) => ({
  replicaId,
  scope: 'document' as const,
  depth: 'bytes' as const,
  masterDocId: 1,
  trigger: 'manual' as const,
  askedBy: 'api',
});
const lease = ({ verificationId, worker }: Fixture) => ({ id: verificationId, worker, epoch: 1 });

const verificationCalls: Calls<typeof verifications> = {
  insertVerification: (db, has) => verifications.insertVerification(db, wanted(has)),
  findVerification: (db, { verificationId }) => verifications.findVerification(db, verificationId),
  openLike: (db, has) => verifications.openLike(db, wanted(has)),
  openVerifications: (db) => verifications.openVerifications(db),
  childrenOfVerification: (db, { verificationId }) => verifications.childrenOfVerification(db, verificationId),
  async listVerifications(db, { replicaId }) {
    await verifications.listVerifications(db, replicaId, { limit: 10 });
    await verifications.listVerifications(db, replicaId, page);
  },
  takeVerification: (db, { verificationId, worker }) => verifications.takeVerification(db, verificationId, worker),
  updateVerification: (db, has) => verifications.updateVerification(db, lease(has), { phase: 'again' }),
  releaseVerification: (db, has) => verifications.releaseVerification(db, lease(has), { dispatched_at: null }),
  releaseForLater: (db, has) => verifications.releaseForLater(db, lease(has), 1),
  releaseForgottenVerifications: (db, { worker }) =>
    verifications.releaseForgottenVerifications(db, worker, () => false),
  endedAmong: (db, { verificationId }) => verifications.endedAmong(db, [verificationId]),
  takeLostVerifications: (db, { worker }) => verifications.takeLostVerifications(db, { worker, lostAfterMs: 40_000 }),
  noteDispatched: (db, { verificationId }) => verifications.noteDispatched(db, verificationId),
  closeVerification: (db, { verificationId }) =>
    verifications.closeVerification(db, verificationId, { state: 'done', digest: 'a' }),
  closeParents: (db) => verifications.closeParents(db),
  claimNight: (db) => verifications.claimNight(db, NOW),
  async linksAfter(db, { replicaId }) {
    await verifications.linksAfter(db, { replicaId, masterDocId: 1, repairsOf: null }, 0, 10);
    await verifications.linksAfter(db, { replicaId, masterDocId: null, repairsOf: 'list' }, 0, 10);
  },
  async linksOfSlice(db, { replicaId, verificationId }) {
    for (const fresh of [true, false]) await verifications.linksOfSlice(db, { replicaId, verificationId, fresh }, 10);
  },
  linksPutOff: (db, { verificationId }) => verifications.linksPutOff(db, verificationId, 10),
};

const row = ({ link }: Fixture): ledger.NewLedgerRow => ({
  link_id: link.id,
  master_doc_id: 1,
  replica_doc_id: 1,
  depth: 'bytes',
  outcome: 'equal',
  reason: null,
  master_file: 'md5:a',
  copy_file: 'md5:a',
  master_fields: 'a',
  copy_fields: 'a',
  derived: false,
});

const ledgerCalls: Calls<typeof ledger> = {
  saveLedger: (db, has) => ledger.saveLedger(db, has.verificationId, NOW, [row(has)]),
  skipPutOff: (db, { verificationId }) => ledger.skipPutOff(db, verificationId, 'out_of_time'),
  markVerified: (db, { link }) =>
    ledger.markVerified(db, NOW, [{ linkId: link.id, seq: link.dirty_seq, depth: 'bytes' }]),
  forgetVerified: (db, { link }) => ledger.forgetVerified(db, [link.id]),
  linkStates: (db, { link }) => ledger.linkStates(db, [link.id]),
  ledgerPage: (db, { verificationId }) => ledger.ledgerPage(db, verificationId, 0, 10),
  lastOfLinks: (db, { link }) => ledger.lastOfLinks(db, [link.id]),
  depthCoverage: (db, { replicaId }) => ledger.depthCoverage(db, replicaId, NOW),
  countWindowMissed: (db, { replicaId }) => ledger.countWindowMissed(db, replicaId, NOW),
  verificationByReplica: (db) => ledger.verificationByReplica(db, { since: NOW, readBackSince: NOW }),
  openFindingCounts: (db) => ledger.openFindingCounts(db),
  pruneLedger: (db) => ledger.pruneLedger(db, NOW, 5000),
  unlinkedAmong: (db, { replicaId }) => ledger.unlinkedAmong(db, replicaId, [1, 2]),
  linksNotAmong: (db, { replicaId }) => ledger.linksNotAmong(db, replicaId, [1, 2]),
  restingCopies: (db, { replicaId }) => ledger.restingCopies(db, replicaId, [1, 2]),
};

const finding = ({ link }: Fixture): findings.NewFinding => ({
  linkId: link.id,
  masterDocId: 1,
  replicaDocId: 1,
  kind: 'missing',
  depth: 'list',
  message: 'Why.',
  hint: null,
  fields: [],
});

const findingCalls: Calls<typeof findings> = {
  saveFindings: (db, has) => findings.saveFindings(db, has, [finding(has)]),
  endUnseen: (db, { verificationId, link }) =>
    findings.endUnseen(db, { verificationId, linkIds: [link.id], depths: ['list', 'metadata'] }),
  endUnseenOfKind: (db, { verificationId, replicaId }) =>
    findings.endUnseenOfKind(db, { verificationId, replicaId, kinds: ['foreign'] }),
  async repairing(db, { replicaId }) {
    await findings.repairing(db, replicaId, null);
    await findings.repairing(db, replicaId, 'list');
  },
  repairable: (db, { verificationId }) => findings.repairable(db, verificationId, ['missing'], 3),
  beginRepair: (db) => findings.beginRepair(db, [1]),
  markForRepair: (db, { link }) => findings.markForRepair(db, [link.id]),
  reopen: (db) => findings.reopen(db, [1], 'Why.', true),
  reopenWithReason: (db, { replicaId }) => findings.reopenWithReason(db, replicaId, 'list'),
  endFindings: (db, { verificationId }) => findings.endFindings(db, verificationId, [1]),
  repairStates: (db) => findings.repairStates(db),
  acceptFinding: (db) => findings.acceptFinding(db, 1),
  findFinding: (db) => findings.findFinding(db, 1),
  async listFindings(db, { replicaId, verificationId }) {
    await findings.listFindings(db, { replicaId }, { limit: 10 });
    await findings.listFindings(db, { replicaId, verificationId, state: 'open', kind: 'missing' }, page);
  },
  countSeenBy: (db, { verificationId }) => findings.countSeenBy(db, verificationId),
};

export const verifyCalls: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  findings: findingCalls,
  'verification-ledger': ledgerCalls,
  verifications: verificationCalls,
};
