/** Calls of the repositories of promotions (E27); calls.ts has the rest. */
import * as switching from '../../../shared/db/promotion-switch.repo.ts';
import * as promotions from '../../../shared/db/promotions.repo.ts';
import type { Db, Promotion } from '../../../shared/db/tables.ts';
import type { Call, Calls } from './calls.ts';

const NEW = {
  replica_id: 1,
  replica_name: 'attic',
  asked_by: 'api',
  old_master_url: 'http://old.test',
  old_master_token: 'sealed',
  new_master_url: 'http://attic.test',
};
/** One may be open at a time. */
async function made(db: Db): Promise<Promotion> {
  await db.updateTable('promotions').set({ finished_at: new Date(), switched_at: new Date() }).execute();
  return promotions.insertPromotion(db, NEW);
}
const DIVERGED = [{ kind: 'changed', old_doc_id: 1, new_doc_id: 2, detail: 'why' }] as const;

const promotionCalls: Calls<typeof promotions> = {
  openPromotion: (db) => promotions.openPromotion(db),
  findPromotion: (db) => promotions.findPromotion(db, 1),
  listPromotions: (db) => promotions.listPromotions(db, 10),
  formerMasters: (db) => promotions.formerMasters(db),
  insertPromotion: (db) => made(db),
  async movePromotion(db) {
    await promotions.movePromotion(db, await made(db), 'stopping', { stop_epoch: 2 });
  },
  lockPromotion: (db) => promotions.lockPromotion(db, 1),
  notePromotion: (db) => promotions.notePromotion(db, 1, { waits_code: 'c', waits_for: 'w' }),
  acceptLeftOpen: (db) => promotions.acceptLeftOpen(db, 1, 'api'),
  noteReadmitted: (db, { replicaId }) => promotions.noteReadmitted(db, 1, replicaId),
  raiseTopology: (db) => promotions.raiseTopology(db),
  topologyNow: (db) => promotions.topologyNow(db),
  noteTopology: (db, { worker }) => promotions.noteTopology(db, worker, 1),
  processesBehind: (db) => promotions.processesBehind(db, 2),
  leftOpen: (db) => promotions.leftOpen(db),
  planBegun: (db, { runId, replicaId }) => promotions.planBegun(db, runId, replicaId, { marked: [1], chunkSize: 500 }),
  uploadsOf: (db, { replicaId }) => promotions.uploadsOf(db, replicaId, [1]),
  takeArrived: (db, { link }) => promotions.takeArrived(db, link.id, { id: 9, added: 'then', checksum: 'c' }),
  partedDocuments: (db) => promotions.partedDocuments(db, 1, { kind: 'absent', after: 0, limit: 10 }),
  countParted: (db) => promotions.countParted(db, 1),
  promotedLinks: (db) => promotions.promotedLinks(db, 1, 0, 10),
  sampleOfFormer: (db) => promotions.sampleOfFormer(db, 1, 50),
};

/** Of a promotion that is open. */
const tried =
  (work: (trx: Db, id: number, replicaId: number) => Promise<unknown>): Call =>
  async (db, { replicaId }) => {
    const { id } = await made(db);
    await work(db, id, replicaId);
  };

const switchCalls: Calls<typeof switching> = {
  countSwitch: (db, { replicaId }) => switching.countSwitch(db, replicaId),
  listLacking: (db, { replicaId }) => switching.listLacking(db, replicaId, 10),
  recordPairs: tried((db, id, replicaId) => switching.recordPairs(db, id, replicaId)),
  // Of no replica at all: what other calls stand on stays as it is.
  remapLinks: tried((db, id) => switching.remapLinks(db, id, 0)),
  remapBelongings: tried((db, _id, replicaId) => switching.remapBelongings(db, replicaId)),
  remapTaxonomy: tried((db, id, replicaId) => switching.remapTaxonomy(db, id, replicaId)),
  reorderReplicas: tried((db, _id, replicaId) => switching.reorderReplicas(db, replicaId, 'why')),
  pauseUndrained: tried((db, _id, replicaId) => switching.pauseUndrained(db, [replicaId], 'why')),
  forgetMaster: (db) => switching.forgetMaster(db),
  linkFormer: tried((db, id, replicaId) => switching.linkFormer(db, id, { id: replicaId, generation: 'v3' })),
  noteDiverged: tried((db, id, replicaId) => switching.noteDiverged(db, id, replicaId, DIVERGED, 'why')),
};

export const promotionRepoCalls: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  promotions: promotionCalls,
  'promotion-switch': switchCalls,
};
