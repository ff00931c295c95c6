/** Calls of the repositories of notifications (N1-N3). */
import * as alertFacts from '../../../shared/db/alert-facts.repo.ts';
import * as alerts from '../../../shared/db/alerts.repo.ts';
import * as channels from '../../../shared/db/channels.repo.ts';
import * as deliveries from '../../../shared/db/deliveries.repo.ts';
import type { Db } from '../../../shared/db/tables.ts';
import type { Call, Calls } from './calls.ts';

const THEN = new Date('2026-01-01T00:00:00Z');
const page = { before: 9, limit: 10 };
const EVENT = {
  ...{ messageId: 'msg_a', alertId: null, replicaId: null },
  ...({ event: 'test', state: 'test', severity: 'info' } as const),
  ...{ title: 'a', message: 'b', data: {} },
} as const;
const channel = (name: string) => ({
  name,
  kind: 'gotify',
  config: 'sealed',
  shown: 'gotify.test',
  events: ['conflict'],
});

async function delivery(db: Db, name: string): Promise<number> {
  const made = await channels.insertChannel(db, channel(name));
  const event = await alerts.insertEvent(db, { ...EVENT, messageId: name });
  const ids = { event_id: event?.id ?? 0, channel_id: made?.id ?? 0 };
  const [id] = await alerts.insertDeliveries(db, [{ ...ids, state: 'waiting', due_at: null, held_by: null }]);
  return id ?? 0;
}

export const notifyCalls = {
  channels: {
    listChannels: (db) => channels.listChannels(db),
    findChannel: (db) => channels.findChannel(db, 1),
    insertChannel: (db) => channels.insertChannel(db, channel('phone')),
    isChannelName: (db) => channels.isChannelName(db, 'Phone', 1),
    updateChannel: (db) => channels.updateChannel(db, 1, { enabled: false }),
    deleteChannel: (db) => channels.deleteChannel(db, 1),
    noteChannelWorks: (db) => channels.noteChannelWorks(db, 1),
    noteChannelFails: (db) => channels.noteChannelFails(db, 1, 'gone'),
    listSilences: (db) => channels.listSilences(db),
    insertSilence: (db) =>
      channels.insertSilence(db, { event: null, replica_id: null, reason: 'a', until: THEN, created_by: 'b' }),
    async endSilence(db) {
      const row = { event: null, replica_id: null, reason: 'a', until: THEN, created_by: 'b' };
      await channels.endSilence(db, (await channels.insertSilence(db, row)).id);
    },
  } satisfies Calls<typeof channels> as Record<string, Call>,
  alerts: {
    listOpenAlerts: (db) => alerts.listOpenAlerts(db),
    openAlert: (db) => alerts.openAlert(db, { key: 'conflict:1', event: 'conflict', replica_id: null, level: 1 }),
    setAlertLevel: (db) => alerts.setAlertLevel(db, 1, 2),
    closeAlert: (db) => alerts.closeAlert(db, 1),
    insertEvent: (db) => alerts.insertEvent(db, EVENT),
    hasDigest: (db) => alerts.hasDigest(db, '2026-01-01'),
    insertDeliveries: (db) => delivery(db, 'first'),
    lastTold: (db) => alerts.lastTold(db, 'conflict', 1, THEN),
    dropMessages: (db) => alerts.dropMessages(db, 1, true),
    toldOfAlert: (db) => alerts.toldOfAlert(db, 1),
    dropOlderPings: (db) => alerts.dropOlderPings(db, 1),
    noteReplicaAlert: (db, { replicaId }) => alerts.noteReplicaAlert(db, replicaId),
    pruneAlerts: (db) => alerts.pruneAlerts(db, THEN, 10),
  } satisfies Calls<typeof alerts> as Record<string, Call>,
  deliveries: {
    takeDueDeliveries: (db) => deliveries.takeDueDeliveries(db, { lostAfterMs: 1000, limit: 10 }),
    undispatchDeliveries: (db) => deliveries.undispatchDeliveries(db, [1]),
    claimDelivery: async (db) => deliveries.claimDelivery(db, await delivery(db, 'second'), 1000),
    endDelivered: (db) => deliveries.endDelivered(db, 1),
    endFailed: (db) => deliveries.endFailed(db, 1, { state: 'failed', code: 'a', error: 'b' }),
    retryLater: (db) => deliveries.retryLater(db, 1, { delayMs: 1000, code: 'a', error: 'b' }),
    handBackDelivery: (db) => deliveries.handBackDelivery(db, 1),
    releaseBackups: (db) => deliveries.releaseBackups(db, 1),
    async listDeliveries(db) {
      await deliveries.listDeliveries(db, {}, { limit: 10 });
      await deliveries.listDeliveries(
        db,
        { channelId: 1, state: 'failed', event: 'conflict', undelivered: true },
        page,
      );
    },
    findDelivery: (db) => deliveries.findDelivery(db, 1),
    retryFailedDelivery: (db) => deliveries.retryFailedDelivery(db, 1),
    countUndelivered: (db) => deliveries.countUndelivered(db),
  } satisfies Calls<typeof deliveries> as Record<string, Call>,
  'alert-facts': {
    alertFacts: (db) => alertFacts.alertFacts(db),
    lastEndedCycle: (db) => alertFacts.lastEndedCycle(db),
    webhookSilence: (db) => alertFacts.webhookSilence(db, 24),
    digestFacts: (db) => alertFacts.digestFacts(db, THEN),
  } satisfies Calls<typeof alertFacts> as Record<string, Call>,
};
