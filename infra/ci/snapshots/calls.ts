/** One call of every repository method. A method without one does not compile, so that no statement stays unseen. */
import * as absences from '../../../shared/db/absences.repo.ts';
import * as appMeta from '../../../shared/db/app-meta.repo.ts';
import * as attempts from '../../../shared/db/attempts.repo.ts';
import * as dispatch from '../../../shared/db/dispatch.repo.ts';
import * as documents from '../../../shared/db/documents.repo.ts';
import * as leader from '../../../shared/db/leader.repo.ts';
import * as links from '../../../shared/db/links.repo.ts';
import * as logs from '../../../shared/db/logs.repo.ts';
import * as master from '../../../shared/db/master.repo.ts';
import * as replicaHealth from '../../../shared/db/replica-health.repo.ts';
import * as replacements from '../../../shared/db/replacements.repo.ts';
import * as replicas from '../../../shared/db/replicas.repo.ts';
import * as retry from '../../../shared/db/retry.repo.ts';
import * as runs from '../../../shared/db/runs.repo.ts';
import * as settings from '../../../shared/db/settings.repo.ts';
import * as stats from '../../../shared/db/stats.repo.ts';
import type { Db } from '../../../shared/db/tables.ts';
import * as taxonomy from '../../../shared/db/taxonomy.repo.ts';
import * as tombstones from '../../../shared/db/tombstones.repo.ts';
import * as versions from '../../../shared/db/versions.repo.ts';
import * as views from '../../../shared/db/views.repo.ts';
import * as workers from '../../../shared/db/workers.repo.ts';
import { ATTEMPT, type Fixture } from './fixture.ts';
import { backupCalls } from './calls-backup.ts';
import { pagesCalls } from './calls-pages.ts';
import { limitCalls } from './calls-limits.ts';
import { promotionRepoCalls } from './calls-promotions.ts';
import { reconcileRepoCalls } from './calls-reconcile.ts';
import { truthCalls } from './calls-truth.ts';
import { doorCalls } from './calls-doors.ts';
import { notifyCalls } from './calls-notify.ts';
import { verifyCalls } from './calls-verify.ts';
import { webhookCalls } from './calls-webhook.ts';
import { pageCalls } from './calls-views.ts';

export type Call = (db: Db, has: Fixture) => unknown;
export type Calls<Repo> = {
  readonly [K in keyof Repo as Repo[K] extends (...args: never[]) => unknown ? K : never]: Call;
};

const NOW = new Date();
const LOST_AFTER_MS = 40_000;
const page = { before: 9, limit: 10 };
const never = () => false;

const SUSPECT = { id: 1, known: 'then', seen: 'now' };

const absenceCalls: Calls<typeof absences> = {
  missingFromCensus: (db) => absences.missingFromCensus(db, [2, 3]),
  countKnownDocuments: (db) => absences.countKnownDocuments(db),
  unknownUpTo: (db) => absences.unknownUpTo(db, [1, 2], 9),
  noteReturned: (db) => absences.noteReturned(db, [1, 2]),
  noteAbsences: (db) => absences.noteAbsences(db, [{ id: 1, state: 'absent', newest: true }], { id: 1, sweep: true }),
  noteMasterSweep: (db) => absences.noteMasterSweep(db, 1, true),
  holdDeletionsAfterRestore: (db) => absences.holdDeletionsAfterRestore(db),
  noteSuspects: (db) => absences.noteSuspects(db, 'identity', [SUSPECT], 1),
  clearSuspects: (db) => absences.clearSuspects(db, 'identity', [2]),
  replaceMissing: (db) => absences.replaceMissing(db, [SUSPECT], 1),
  countSuspects: (db) => absences.countSuspects(db),
  listSuspects: (db) => absences.listSuspects(db, 10),
  confirmSuspects: (db) => absences.confirmSuspects(db, ['identity']),
  confirmNewest: (db) => absences.confirmNewest(db),
  renewLinks: (db) => absences.renewLinks(db, [77]),
  knownIdentities: (db) => absences.knownIdentities(db, [1]),
  recentlyApplied: (db) => absences.recentlyApplied(db, 50),
};

const tombstoneCalls: Calls<typeof tombstones> = {
  deletionCandidates: (db, { replicaId }) => tombstones.deletionCandidates(db, replicaId, null),
  surplusOf: (db, { link }) => tombstones.surplusOf(db, link.id),
  deletionCounts: (db, { replicaId }) => tombstones.deletionCounts(db, replicaId, NOW),
  planTombstones: (db, { replicaId, runId, link }) =>
    tombstones.planTombstones(db, replicaId, runId, [{ linkId: link.id, reason: 'trashed_on_master' }]),
  confirmPlanned: (db, { runId }) => tombstones.confirmPlanned(db, [1], runId),
  markPurgeDue: (db, { runId }) => tombstones.markPurgeDue(db, [1], runId),
  markGoneDue: (db, { link }) => tombstones.markGoneDue(db, [link.id]),
  tombstoneById: (db) => tombstones.tombstoneById(db, 1),
  settleTombstone: (db, { lease }) => tombstones.settleTombstone(db, lease, 1, { state: 'trashed' }, { phase: 'gone' }),
  async giveUpCopy(db, { lease }) {
    await tombstones.giveUpCopy(db, lease, null, { state: 'released' });
    await tombstones.giveUpCopy(db, lease, 1, { state: 'purged' });
  },
  forgetCopies: (db, { link }) => tombstones.forgetCopies(db, [link.id]),
  recordTombstone: (db, { replicaId, link, runId }) =>
    tombstones.recordTombstone(db, {
      replicaId,
      linkId: link.id,
      masterDocId: 1,
      replicaDocId: 2,
      replicaAdded: 'then',
      asn: null,
      checksum: 'a',
      reason: 'surplus',
      runId,
    }),
  updateTombstone: (db) => tombstones.updateTombstone(db, 1, { state: 'trashed' }),
  async listTombstones(db, { replicaId }) {
    await tombstones.listTombstones(db, { replicaId }, { limit: 10 });
    await tombstones.listTombstones(db, { replicaId, states: ['trashed'] }, page);
  },
  askUndo: (db, { replicaId }) => tombstones.askUndo(db, replicaId, 1),
  holdDeletions: (db, { replicaId }) => tombstones.holdDeletions(db, replicaId, 'Too many.', 60),
  acknowledgeDeletions: (db, { replicaId }) => tombstones.acknowledgeDeletions(db, replicaId),
};

const attemptCalls: Calls<typeof attempts> = {
  attemptsOf: (db, { link }) => attempts.attemptsOf(db, link.id),
  overtakenAttempts: (db, { link }) => attempts.overtakenAttempts(db, link.replica_id, link.id),
  intendUpload: (db, { lease }) => attempts.intendUpload(db, lease, 2, ATTEMPT),
  settleAttempt: (db, { lease, attempt }) =>
    attempts.settleAttempt(db, lease, attempt.id, { state: 'awaiting', task_id: 't' }, { phase: 'awaiting' }),
  claimCopy: (db, { lease }) => attempts.claimCopy(db, lease, { replicaDocId: 7, added: 'now', storedChecksum: 'a' }),
  releaseLostCopy: (db, { lease }) => attempts.releaseLostCopy(db, lease, 7),
  outstandingUploads: (db, { replicaId }) => attempts.outstandingUploads(db, replicaId),
};

const VERSION = {
  master_version_id: 1,
  label: 'pngx.c0ffee00.v1.1',
  sha256: 'a',
  md5: 'b',
  size: 1,
  file_name: 'a.pdf',
};

const OLD_COPY = { from_k: 1, old_doc_id: 7, old_added: 'now', old_checksum: 'a' };

const versionCalls: Calls<typeof versions> = {
  versionAttemptsOf: (db, { link }) => versions.versionAttemptsOf(db, link.id),
  versionLinksOf: (db, { link }) => versions.versionLinksOf(db, [link.id]),
  intendVersion: (db, { lease }) => versions.intendVersion(db, lease, 1, VERSION),
  settleVersion: (db, { lease }) => versions.settleVersion(db, lease, 1, { state: 'awaiting', task_id: 't' }),
  linkVersion: (db, { lease }) =>
    versions.linkVersion(db, lease, {
      master_version_id: 1,
      replica_version_id: 2,
      sha256: 'a',
      md5: 'b',
      stored_checksum: 'a',
    }),
  async unlinkVersion(db, { lease }) {
    await versions.unlinkVersion(db, lease, 2, 'removed');
    await versions.unlinkVersion(db, lease, 2, 'forgotten');
  },
  async forgetVersions(db, { lease }) {
    await versions.intendVersion(db, lease, 1, VERSION);
    await versions.forgetVersions(db, lease);
  },
};

const replacementCalls: Calls<typeof replacements> = {
  openReplacement: (db, { link }) => replacements.openReplacement(db, link.id),
  beginReplacement: (db, has) => replacements.beginReplacement(db, has.lease, has.replicaId, OLD_COPY),
  async stepReplacement(db, { lease, replicaId }) {
    const begun = await replacements.beginReplacement(db, lease, replicaId, OLD_COPY);
    const id = begun?.replacement.id ?? 0;
    await replacements.stepReplacement(db, lease, id, { step: 'r2', new_doc_id: 9 }, { phase: 'claimed' });
  },
  retiredCopy: (db, { replicaId }) => replacements.retiredCopy(db, replicaId, 7),
};

const dispatchCalls: Calls<typeof dispatch> = {
  async takeForDispatch(db, has) {
    const by = { worker: has.worker, lostAfterMs: LOST_AFTER_MS };
    for (const kind of ['begun', 'update', 'upload', 'linking'] as const)
      await dispatch.takeForDispatch(db, has, kind, 10, by);
  },
  undispatch: (db, { link }) => dispatch.undispatch(db, [{ linkId: link.id, generation: 1 }]),
  inFlight: (db, { replicaId }) => dispatch.inFlight(db, replicaId, LOST_AFTER_MS),
  nextDue: (db, has) => dispatch.nextDue(db, has),
  onlyLinkingIsOpen: (db, { runId }) => dispatch.onlyLinkingIsOpen(db, runId, null),
};

const linkCalls: Calls<typeof links> = {
  takeLease: (db, { link, worker }) => links.takeLease(db, link.id, worker, 1),
  updateLeased: (db, { lease }) => links.updateLeased(db, lease, { phase: 'locating' }),
  releaseLease: (db, { lease }) => links.releaseLease(db, lease, { next_due_at: NOW }),
  rest: (db, { lease }) => links.rest(db, lease, NOW),
  applyAndRelease: (db, { lease, link }) => links.applyAndRelease(db, lease, link.dirty_seq, { last_synced: NOW }),
  releaseAllOf: (db, { worker }) => links.releaseAllOf(db, worker),
  releaseForgotten: (db, { worker }) => links.releaseForgotten(db, worker, never),
  linkById: (db, { link }) => links.linkById(db, link.id),
  addMissingLinks: (db) => links.addMissingLinks(db, [1, 2]),
  markDirty: (db) => links.markDirty(db, [{ id: 1, modified: 'now' }]),
  markDirtyByReplicaDoc: (db, { replicaId }) => links.markDirtyByReplicaDoc(db, replicaId, [1]),
  copiesOf: (db, { replicaId }) => links.copiesOf(db, replicaId, [1, 2]),
  excludedAmong: (db, { replicaId }) => links.excludedAmong(db, replicaId, [1, 2]),
  ownersOf: (db, { replicaId }) => links.ownersOf(db, replicaId, [1, 2]),
  censusAgainstLinks: (db, { replicaId }) => links.censusAgainstLinks(db, replicaId, [1, 2]),
  unconfirmedLinks: (db, { replicaId }) => links.unconfirmedLinks(db, replicaId, 10),
  sampleOfMaster: (db) => links.sampleOfMaster(db, 50),
};

const replicaCalls: Calls<typeof replicas> = {
  listReplicas: (db) => replicas.listReplicas(db),
  findReplica: (db, { replicaId }) => replicas.findReplica(db, replicaId),
  findReplicaByName: (db) => replicas.findReplicaByName(db, 'attic'),
  insertReplica: (db) => replicas.insertReplica(db, { name: 'attic', url: 'http://attic.test', api_token: 'sealed' }),
  updateReplica: (db, { replicaId }) => replicas.updateReplica(db, replicaId, { enabled: false }),
  markLinksUnconfirmed: (db, { replicaId }) => replicas.markLinksUnconfirmed(db, replicaId),
  forgetLibraryProofs: (db) => replicas.forgetLibraryProofs(db),
  unsuspendReplica: (db, { replicaId }) => replicas.unsuspendReplica(db, replicaId),
  acknowledgeUploads: (db, { replicaId }) => replicas.acknowledgeUploads(db, replicaId),
  deleteReplica: (db, { replicaId }) => replicas.deleteReplica(db, replicaId),
};

const runCalls: Calls<typeof runs> = {
  insertCycle: (db) => runs.insertCycle(db, 'schedule'),
  deleteCycle: (db, { cycleId }) => runs.deleteCycle(db, cycleId),
  insertReplicaRun: (db, { cycleId, replicaId }) => runs.insertReplicaRun(db, cycleId, replicaId, 'schedule'),
  runById: (db, { runId }) => runs.runById(db, runId),
  openRunOf: (db, { replicaId }) => runs.openRunOf(db, replicaId),
  childrenOf: (db, { cycleId }) => runs.childrenOf(db, cycleId),
  unfinishedRuns: (db) => runs.unfinishedRuns(db),
  replicasUnderWay: (db) => runs.replicasUnderWay(db),
  takeRun: (db, { runId, worker }) => runs.takeRun(db, runId, worker),
  updateRun: (db, { runLease }) => runs.updateRun(db, runLease, { phase: 'feed' }),
  releaseRun: (db, { runLease }) => runs.releaseRun(db, runLease, { phase: 'documents' }),
  releaseForgottenRuns: (db, { worker }) => runs.releaseForgottenRuns(db, worker, never),
  releaseRunsOf: (db, { worker }) => runs.releaseRunsOf(db, worker),
  takeLostRuns: (db) => runs.takeLostRuns(db, { worker: crypto.randomUUID(), lostAfterMs: LOST_AFTER_MS }),
  undispatchRun: (db, { runId }) => runs.undispatchRun(db, runId, 1),
  startChildren: (db, { cycleId, worker }) => runs.startChildren(db, cycleId, worker),
  noteRunDispatched: (db, { runId }) => runs.noteRunDispatched(db, runId),
  closedAmong: (db, { runId }) => runs.closedAmong(db, [runId]),
  openRunOfLink: (db, { link }) => runs.openRunOfLink(db, link.id),
  openCycleRun: (db) => runs.openCycleRun(db),
  planItems: (db, { runId, replicaId }) => runs.planItems(db, runId, replicaId, 500),
  analyzeWork: (db) => runs.analyzeWork(db),
  openChunk: (db, { runId }) => runs.openChunk(db, runId, 0),
  plannedChunks: (db, { runId }) => runs.plannedChunks(db, runId),
  settleItem: (db, { runId, link }) => runs.settleItem(db, runId, link.id, 'done', 1),
  hasOpenItems: (db, { runId }) => runs.hasOpenItems(db, runId),
  addBytes: (db, { runId }) => runs.addBytes(db, runId, 10),
  countInstanceFault: (db, { runId }) => runs.countInstanceFault(db, runId),
  closeRun: (db, { runId }) => runs.closeRun(db, runId, { outcome: 'ok' }),
  noteGoodRun: (db, { replicaId }) => runs.noteGoodRun(db, replicaId, NOW),
  noteFailedRun: (db, { replicaId }) => runs.noteFailedRun(db, replicaId, 5, 'token_refused', 'No.'),
  suspendReplica: (db, { replicaId }) => runs.suspendReplica(db, replicaId, 'replica_shrunk', 'Why.'),
  pruneRunItems: (db) => runs.pruneRunItems(db),
};

const viewCalls: Calls<typeof views> = {
  countLinksByState: (db) => views.countLinksByState(db),
  countPendingTasks: (db) => views.countPendingTasks(db),
  listOpenRuns: (db) => views.listOpenRuns(db),
  async listRuns(db, { replicaId }) {
    await views.listRuns(db, {}, { limit: 10 });
    await views.listRuns(db, { replicaId, kind: 'replica', outcome: 'ok', finished: true }, page);
  },
  findRun: (db, { runId }) => views.findRun(db, runId),
  listChildRuns: (db, { cycleId }) => views.listChildRuns(db, cycleId),
  lastReplicaRuns: (db) => views.lastReplicaRuns(db),
  countRefusedDuplicates: (db, { replicaId }) => views.countRefusedDuplicates(db, replicaId),
  unfinishedMasterIds: (db, { replicaId }) => views.unfinishedMasterIds(db, replicaId),
};

const workerCalls: Calls<typeof workers> = {
  registerWorker: (db) => workers.registerWorker(db, { id: crypto.randomUUID(), role: 'worker', version: '1.0.0' }),
  beat: (db, { worker }) => workers.beat(db, worker),
  livingWorkers: (db) => workers.livingWorkers(db),
  countProcesses: (db) => workers.countProcesses(db),
  declareDead: (db, { worker }) => workers.declareDead(db, worker, 0),
  signOff: (db, { worker }) => workers.signOff(db, worker),
  noteLockSession: (db, { worker }) => workers.noteLockSession(db, worker, 1, NOW.toISOString()),
  noteScratch: (db, { worker }) => workers.noteScratch(db, worker, true),
  scratchState: (db) => workers.scratchState(db),
  pruneWorkers: (db) => workers.pruneWorkers(db),
  listProcesses: (db) => workers.listProcesses(db),
};

const smallCalls = {
  documents: {
    async listDocuments(db, { replicaId }) {
      await documents.listDocuments(db, { replicaId }, { limit: 10 });
      const filter = { status: 'error', phase: 'failed', code: 'field_rejected', waiting: true, held: true } as const;
      const more = { unverifiedSince: NOW, field: 'owner' };
      await documents.listDocuments(db, { replicaId, ...filter, ...more }, { after: 1, limit: 10 });
    },
    documentOnReplicas: (db) => documents.documentOnReplicas(db, 1),
    uploadsOf: (db, { link }) => documents.uploadsOf(db, [link.id]),
    findingsOfLinks: (db, { link }) => documents.findingsOfLinks(db, [link.id]),
    tombstonesOf: (db) => documents.tombstonesOf(db, 1),
  } satisfies Calls<typeof documents> as Record<string, Call>,
  stats: {
    dailyStats: (db, { replicaId }) => stats.dailyStats(db, { days: 7, zone: 'UTC', replicaId }),
    noteRetried: (db, { runId }) => stats.noteRetried(db, runId),
  } satisfies Calls<typeof stats> as Record<string, Call>,
  retry: {
    retryDocument: (db, { replicaId }) => retry.retryDocument(db, replicaId, 1),
    replaceFileAgain: (db, { replicaId }) => retry.replaceFileAgain(db, replicaId, 1),
    repairAtOnce: (db) => retry.repairAtOnce(db, 1),
    retryFailed: (db, { replicaId }) => retry.retryFailed(db, replicaId),
    retryRestored: (db, { replicaId }) => retry.retryRestored(db, replicaId, [1]),
    retryBlocked: (db, { replicaId }) => retry.retryBlocked(db, replicaId, ['file_changed']),
    revisitReported: (db, { replicaId }) => retry.revisitReported(db, replicaId, 'owner'),
  } satisfies Calls<typeof retry> as Record<string, Call>,
  'replica-health': {
    measureLag: (db) => replicaHealth.measureLag(db),
  } satisfies Calls<typeof replicaHealth> as Record<string, Call>,
  'app-meta': {
    readMeta: (db) => appMeta.readMeta(db, appMeta.CANARY),
    insertMeta: (db) => appMeta.insertMeta(db, appMeta.CANARY, 'sealed'),
    deleteMeta: (db) => appMeta.deleteMeta(db, appMeta.MOVED_TO),
  } satisfies Calls<typeof appMeta> as Record<string, Call>,
  logs: {
    insertLogs: (db) => logs.insertLogs(db, [{ level: 'info', message: 'Hello.' }]),
    async queryLogs(db, { replicaId, runId }) {
      await logs.queryLogs(db, {}, { limit: 10 });
      await logs.queryLogs(db, { replicaId, runId, level: 'error', from: NOW, to: NOW, text: 'words' }, page);
    },
    logsAfter: (db) => logs.logsAfter(db, { docId: 7, code: 'file_changed' }, 9, 10),
    lastLogId: (db) => logs.lastLogId(db),
    logsWithText: (db) => logs.logsWithText(db, [1, 2], 'words'),
    logsAround: (db) => logs.logsAround(db, 1, 20),
    deleteLogsBefore: (db) => logs.deleteLogsBefore(db, NOW, 5000),
  } satisfies Calls<typeof logs> as Record<string, Call>,
  leader: {
    async takeLead(db, { worker }) {
      await leader.resignLead(db, worker);
      await leader.takeLead(db, worker);
    },
    resignLead: (db, { worker }) => leader.resignLead(db, worker),
    stillLeads: (db, { worker }) => leader.stillLeads(db, 1, worker),
    currentLeader: (db) => leader.currentLeader(db),
  } satisfies Calls<typeof leader> as Record<string, Call>,
  master: {
    masterState: (db) => master.masterState(db),
    updateMaster: (db) => master.updateMaster(db, { version: '3.0.5' }),
    lockOpening: (db) => master.lockOpening(db),
    claimTick: (db) => master.claimTick(db, 900),
    capNextTick: (db) => master.capNextTick(db, 900),
    setCursor: (db) => master.setCursor(db, 1),
  } satisfies Calls<typeof master> as Record<string, Call>,
  settings: {
    readSettings: (db) => settings.readSettings(db),
    putSettings: (db) => settings.putSettings(db, [{ key: 'a', value: '1' }]),
    insertSettings: (db) => settings.insertSettings(db, [{ key: 'a', value: '1' }]),
    deleteSettings: (db) => settings.deleteSettings(db, ['a', 'b']),
  } satisfies Calls<typeof settings> as Record<string, Call>,
  taxonomy: {
    taxonomyLinks: (db, { replicaId }) => taxonomy.taxonomyLinks(db, replicaId),
    async listAmbiguous(db, { replicaId }) {
      await taxonomy.listAmbiguous(db, null, { after: undefined, limit: 10 });
      await taxonomy.listAmbiguous(db, replicaId, { after: 1, limit: 10 });
    },
    saveTaxonomyLink: (db, { replicaId }) =>
      taxonomy.saveTaxonomyLink(db, replicaId, {
        kind: 'tag',
        masterId: 3,
        replicaId: 4,
        name: 'x',
        state: 'linked',
        createdByUs: true,
        heldBack: { matching_algorithm: 1, is_inbox_tag: false },
        detail: {},
        errorMsg: null,
      }),
    dropTaxonomyLinks: (db) => taxonomy.dropTaxonomyLinks(db, [1, 2]),
    ownerOfObject: (db, { replicaId }) => taxonomy.ownerOfObject(db, replicaId, 'tag', 4),
    markDirtyByMasterDoc: (db, { replicaId }) => taxonomy.markDirtyByMasterDoc(db, replicaId, [1, 2]),
    waitsForCleanUp: (db, { replicaId }) => taxonomy.waitsForCleanUp(db, replicaId),
    openDocumentWrites: (db, { replicaId }) => taxonomy.openDocumentWrites(db, replicaId),
  } satisfies Calls<typeof taxonomy> as Record<string, Call>,
};

/** By repository, as its file is called. */
export const CALLS: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  ...smallCalls,
  absences: absenceCalls,
  tombstones: tombstoneCalls,
  ...limitCalls,
  ...promotionRepoCalls,
  ...pageCalls,
  ...truthCalls,
  ...reconcileRepoCalls,
  ...verifyCalls,
  ...webhookCalls,
  ...backupCalls,
  ...pagesCalls,
  ...doorCalls,
  ...notifyCalls,
  attempts: attemptCalls,
  dispatch: dispatchCalls,
  links: linkCalls,
  replacements: replacementCalls,
  replicas: replicaCalls,
  runs: runCalls,
  versions: versionCalls,
  views: viewCalls,
  workers: workerCalls,
};
