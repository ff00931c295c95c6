/** What an operation needs before it can go well, and what is asked of it then. */
import { randomBytes } from 'node:crypto';
import { openQueueBackend } from '../../../shared/queue/backend.ts';
import { listJobs } from '../../../shared/queue/jobs.ts';
import { done } from '../../../shared/queue/outcome.ts';
import { createProducer } from '../../../shared/queue/producer.ts';
import { startRunner } from '../../../shared/queue/runner.ts';
import { putSettings } from '../../../shared/db/settings.repo.ts';
import { takeHint } from '../../../shared/db/webhook-events.repo.ts';
import type { FindingKind } from '../../../shared/domain/verification.ts';
import { addChannel } from '../../../shared/replication/notify/channels.ts';
import { sendTest } from '../../../shared/replication/notify/send-test.ts';
import { silence } from '../../../shared/replication/notify/silences.ts';
import { ask } from '../../support/paperless-calls.ts';
import { silent } from '../../support/queue-backends.ts';
import { simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';
import type { SyncedStage } from './synced-stage.ts';

export interface Wish {
  /** By the names in the path. */
  readonly path?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  /** What was started for it alone. */
  readonly close?: () => Promise<unknown>;
}
type Prepare = (stage: SyncedStage) => Promise<Wish>;

const MASTER_TOKEN = 'a1'.repeat(20);
const REPLICA_TOKEN = 'b2'.repeat(20);

/** As it was before other operations had their way with it. */
export async function restore({ apis, master, replica, ids, controller: { secrets } }: SyncedStage): Promise<void> {
  const { db } = apis.none;
  await putSettings(db, [
    { key: 'master_url', value: master.url },
    { key: 'master_token', value: secrets.seal(MASTER_TOKEN) },
  ]);
  const whole = { paused_at: null, pause_reason: null, suspended_at: null, unconfirmed: false, enabled: true };
  await db
    .updateTable('replicas')
    .set({ url: replica.url, api_token: secrets.seal(REPLICA_TOKEN), ...whole })
    .where('id', '=', ids.replica)
    .execute();
  await db.updateTable('conflicts').set({ state: 'open', decided_at: null }).where('id', '=', ids.conflict).execute();
  await db
    .updateTable('sync_map')
    .set({ excluded_at: null, excluded_reason: null, excluded_by: null, status: 'ok', phase: 'ok' })
    .where('excluded_at', 'is not', null)
    .execute();
  await db
    .updateTable('promotions')
    .set({ phase: 'cancelled', finished_at: new Date() })
    .where('finished_at', 'is', null)
    .execute();
  await db
    .updateTable('sync_runs')
    .set({ finished_at: new Date(), outcome: 'cancelled', phase: 'closed' })
    .where('finished_at', 'is', null)
    .execute();
}

/** A run that is under way, with the first document to do. */
async function openRun({ apis, ids }: SyncedStage): Promise<number> {
  const { db } = apis.none;
  const run = { kind: 'replica' as const, replica_id: ids.replica, triggered_by: 'manual', phase: 'documents' };
  const { id } = await db.insertInto('sync_runs').values(run).returning('id').executeTakeFirstOrThrow();
  const link = await firstLink({ apis });
  await db
    .insertInto('run_items')
    .values({ run_id: id, link_id: link.id, chunk: 0, kind: 'update', state: 'open' })
    .execute();
  return id;
}

const firstLink = ({ apis }: Pick<SyncedStage, 'apis'>) =>
  apis.none.db.selectFrom('sync_map').selectAll().orderBy('id').executeTakeFirstOrThrow();

/** A job that failed for good, as one does whose process is broken. */
async function failedJob({ controller }: SyncedStage): Promise<string> {
  const backend = await openQueueBackend({ databaseUrl: controller.database.url, workers: 5 });
  const fine = async () => done;
  const handlers = { replica: fine, chunk: fine, document: fine, maintenance: fine, verify: fine, deliver: fine };
  const cycle = () => Promise.reject(new Error('broken on purpose'));
  const runner = await startRunner({
    backend,
    handlers: { ...handlers, cycle },
    log: silent,
    concurrency: { cycle: 1 },
  });
  try {
    await createProducer(backend).enqueue('cycle', { runId: 7 });
    return (await waitFor('the job to fail', async () => (await listJobs(backend, ['failed'], { limit: 1 }))[0])).id;
  } finally {
    await runner.close(1000);
    await backend.close();
  }
}

/** One that is under way, or whose old master may come back. Ends with the operation: nothing else runs meanwhile. */
async function promotion(
  { apis, controller }: SyncedStage,
  more: { url?: string; token?: string; switched?: boolean },
) {
  const { db } = apis.none;
  const over =
    more.switched === true ? { phase: 'done' as const, switched_at: new Date(), finished_at: new Date() } : {};
  const { id } = await db
    .insertInto('promotions')
    .values({
      ...{ replica_id: 4711, replica_name: 'attic', asked_by: 'test', new_master_url: 'http://new.test', ...over },
      ...{
        old_master_url: more.url ?? 'http://old.test',
        old_master_token: controller.secrets.seal(more.token ?? 'x'),
      },
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const close = () =>
    db.updateTable('promotions').set({ finished_at: new Date() }).where('finished_at', 'is', null).execute();
  return { path: { id }, close };
}

/** As a comparison has just left it. */
async function setFinding(apis: SyncedStage['apis'], id: number, kind: FindingKind): Promise<void> {
  await apis.none.db.updateTable('findings').set({ state: 'open', kind }).where('id', '=', id).execute();
}

/** Leads nowhere: nothing listens on that port. */
async function aChannel({ apis }: SyncedStage): Promise<number> {
  const name = `channel ${randomBytes(6).toString('hex')}`;
  const { deps } = apis.none;
  return (await addChannel(deps, { name, kind: 'slack', config: { url: 'http://127.0.0.1:9/x' } })).id;
}

const channelPath = async (stage: SyncedStage): Promise<Wish> => ({ path: { id: await aChannel(stage) } });

export const NEEDS: Readonly<Record<string, Prepare>> = {
  addChannel: async () => {
    const config = { url: 'http://127.0.0.1:9', token: 'gotify-token' };
    return { body: { name: `phone ${randomBytes(6).toString('hex')}`, kind: 'gotify', config } };
  },
  getChannel: channelPath,
  updateChannel: async (stage) => ({ ...(await channelPath(stage)), body: { enabled: false } }),
  removeChannel: channelPath,
  testChannel: channelPath,
  sendDigest: async (stage) => {
    await aChannel(stage);
    return {};
  },
  retryDelivery: async (stage) => {
    const { deps } = stage.apis.none;
    const { id } = await sendTest(deps.notify, await aChannel(stage), 'test');
    return { path: { delivery: id } };
  },
  addSilence: async () => ({ body: { event: 'conflict', reason: 'moving', hours: 1 } }),
  endSilence: async ({ apis }) => {
    const given = { event: null, replicaId: null, reason: 'moving', hours: 1, by: 'test' };
    return { path: { silence: (await silence(apis.none.deps, given)).id } };
  },
  addReplica: async () => {
    const added = await simulator('v2', { token: 'c3'.repeat(20) });
    return { body: { name: 'added', url: added.url, api_token: 'c3'.repeat(20) }, close: () => added.stop() };
  },
  updateReplica: async ({ ids }) => ({ path: { id: ids.replica }, body: { sync_interval_seconds: 600 } }),
  resumeReplica: async ({ apis, ids }) => {
    await apis.none.db
      .updateTable('replicas')
      .set({ paused_at: new Date(), pause_reason: 'test' })
      .where('id', '=', ids.replica)
      .execute();
    return { path: { id: ids.replica } };
  },
  confirmReplica: async ({ ids }) => ({ path: { id: ids.replica }, body: { accept: 'missing' } }),
  confirmMaster: async ({ apis }) => {
    await apis.none.db.insertInto('master_suspects').values({ kind: 'rollback', master_doc_id: 3 }).execute();
    return { body: { accept: 'rollback' } };
  },
  saveSettings: async () => ({ body: { max_attempts: 7 } }),
  undoDeletion: async ({ apis, ids }) => {
    const link = await firstLink({ apis });
    const { db } = apis.none;
    await db.updateTable('sync_map').set({ tombstone_id: ids.tombstone }).where('id', '=', link.id).execute();
    return { path: { id: ids.replica, tombstone_id: ids.tombstone } };
  },
  chooseCounterpart: async ({ master, ids }) => {
    const tag = (await ask(master, 'POST', '/api/tags/', { name: 'to be chosen' })) as { id: number };
    return { path: { id: ids.replica, kind: 'tag', master_id: tag.id }, body: { replica_obj_id: null } };
  },
  rejectProposal: async ({ apis, ids }) => {
    const link = await firstLink({ apis });
    const added = { master_added: '2024-01-01', replica_added: '2024-01-01' };
    const of = { replica_id: ids.replica, link_id: link.id, master_doc_id: link.master_doc_id, replica_doc_id: 4711 };
    const { id } = await apis.none.db
      .insertInto('match_proposals')
      .values({ ...of, ...added, rule: 'asn' })
      .returning('id')
      .executeTakeFirstOrThrow();
    return { path: { id: ids.replica, proposal: id } };
  },
  cancelRun: async (stage) => ({ path: { id: await openRun(stage) } }),
  cancelDocument: async (stage) => {
    await openRun(stage);
    return { path: { id: stage.ids.replica, master_id: (await firstLink(stage)).master_doc_id } };
  },
  resolveConflict: async ({ ids }) => ({ path: { id: ids.conflict }, body: { keep: 'master' } }),
  keepMaster: async ({ apis, ids }) => {
    await setFinding(apis, ids.finding, 'field_differs');
    return { path: { id: ids.finding } };
  },
  reuploadDocument: async ({ apis, ids }) => {
    await setFinding(apis, ids.finding, 'file_differs');
    return { path: { id: ids.replica, master_id: (await firstLink({ apis })).master_doc_id } };
  },
  excludeDocument: async (stage) => ({
    path: { id: stage.ids.replica, master_id: (await firstLink(stage)).master_doc_id },
    body: { reason: 'not wanted there' },
  }),
  includeDocument: async (stage) => {
    const link = await firstLink(stage);
    await stage.apis.none.db
      .updateTable('sync_map')
      .set({ excluded_at: new Date(), excluded_reason: 'test', excluded_by: 'test' })
      .where('id', '=', link.id)
      .execute();
    return { path: { id: stage.ids.replica, master_id: link.master_doc_id } };
  },
  replayWebhookEvent: async ({ apis }) => {
    const hint = { documentId: 1, kind: 'changed', body: 'json', fields: {} } as const;
    return { path: { id: (await takeHint(apis.none.db, hint, 5000)).id } };
  },
  installWebhookWorkflow: async () => ({ body: { url: 'https://controller.test/webhook/paperless' } }),
  promoteReplica: async ({ apis, ids }) => {
    const { db } = apis.none;
    const close = () => db.updateTable('promotions').set({ phase: 'cancelled', finished_at: new Date() }).execute();
    const whole = { last_sync_ts: new Date(), reconcile_required: null };
    await db.updateTable('replicas').set(whole).where('id', '=', ids.replica).execute();
    const { name } = await db
      .selectFrom('replicas')
      .select('name')
      .where('id', '=', ids.replica)
      .executeTakeFirstOrThrow();
    return { path: { id: ids.replica }, body: { confirm: name }, close };
  },
  acceptPromotion: (stage) => promotion(stage, {}),
  cancelPromotion: (stage) => promotion(stage, {}),
  readmitMaster: async (stage) => {
    const token = 'd4'.repeat(20);
    const old = await simulator('v3', { token });
    const { path } = await promotion(stage, { url: old.url, token, switched: true });
    return { path, body: { name: 'the old one' }, close: () => old.stop() };
  },
  retryJob: async (stage) => ({ path: { id: await failedJob(stage) } }),
};
