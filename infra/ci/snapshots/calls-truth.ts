/** Calls of the repositories that sweeps, conflicts and notes use; calls.ts has the rest. */
import * as conflicts from '../../../shared/db/conflicts.repo.ts';
import * as noteLinks from '../../../shared/db/note-links.repo.ts';
import * as planning from '../../../shared/db/planning.repo.ts';
import * as settled from '../../../shared/db/settled.repo.ts';
import * as sweeps from '../../../shared/db/sweeps.repo.ts';
import type { Call, Calls } from './calls.ts';

const conflictCalls: Calls<typeof conflicts> = {
  saveConflict: (db, { link, replicaId }) =>
    conflicts.saveConflict(db, {
      replicaId,
      linkId: link.id,
      masterDocId: 1,
      replicaDocId: 7,
      field: 'title',
      baseHash: 'a',
      replicaHash: 'b',
      masterHash: 'c',
      shown: {},
    }),
  undecidedOf: (db, { link }) => conflicts.undecidedOf(db, link.id),
  keptConflicts: (db, { link }) => conflicts.keptConflicts(db, [link.id]),
  closeConflicts: (db, { link }) => conflicts.closeConflicts(db, link.id, 'overwritten', ['title']),
  listConflicts: (db, { replicaId }) =>
    conflicts.listConflicts(db, { replicaId, state: 'open', masterDocId: 1 }, { before: 9, limit: 10 }),
  decideConflict: (db) => conflicts.decideConflict(db, 1, 'keep_master'),
  findConflict: (db) => conflicts.findConflict(db, 1),
  keepMasterIn: (db, { link }) =>
    conflicts.keepMasterIn(db, link, [{ field: 'title', replicaHash: 'a', masterHash: 'b', shown: { master: 'm' } }]),
  countOpenConflicts: (db) => conflicts.countOpenConflicts(db),
};

const noteLinkCalls: Calls<typeof noteLinks> = {
  notePairsOf: (db, { link }) => noteLinks.notePairsOf(db, [link.id]),
  saveNotePairs: (db, { link }) =>
    noteLinks.saveNotePairs(db, link.id, [{ masterNoteId: 1, replicaNoteId: 2, textHash: 'h' }]),
};

const planningCalls: Calls<typeof planning> = {
  linksToPlan: (db, { replicaId }) =>
    planning.linksToPlan(db, replicaId, { after: 0, limit: 100, sweep: true, changed: [1] }),
  mastersWithoutCopy: (db, { replicaId }) => planning.mastersWithoutCopy(db, replicaId, [1, 2]),
  movedSince: (db) => planning.movedSince(db, [{ id: 1, modified: 'now' }]),
};

const settledCalls: Calls<typeof settled> = {
  plainUpdates: (db, { runId }) => settled.plainUpdates(db, runId, 0, 100),
  settleLinks: (db, { link, runLease }) =>
    settled.settleLinks(db, runLease, [
      {
        id: link.id,
        want: 1,
        masterAdded: 'then',
        masterModified: 'now',
        replicaAdded: 'then',
        replicaModified: 'now',
        applied: {},
        report: [],
      },
    ]),
};

const sweepCalls: Calls<typeof sweeps> = {
  beginSweep: (db, { runLease, replicaId }) => sweeps.beginSweep(db, runLease, replicaId),
  saveSweepPosition: (db, { runLease, replicaId }) => sweeps.saveSweepPosition(db, runLease, replicaId, 100),
  endSweep: (db, { runLease, replicaId }) => sweeps.endSweep(db, runLease, replicaId),
  nextToSweep: (db, { replicaId }) => sweeps.nextToSweep(db, replicaId, 0, 100),
  markSwept: (db, { link, replicaId }) =>
    sweeps.markSwept(db, replicaId, [{ linkId: link.id, differs: true, masterHash: 'h' }]),
  markVanished: (db, { replicaId }) => sweeps.markVanished(db, replicaId, [1, 2]),
};

export const truthCalls: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  conflicts: conflictCalls,
  'note-links': noteLinkCalls,
  planning: planningCalls,
  settled: settledCalls,
  sweeps: sweepCalls,
};
