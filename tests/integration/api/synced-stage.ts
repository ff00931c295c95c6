/** A master and a replica with some documents synced, a row of everything that can be asked for, and the API in every mode. */
import type { Door } from '../../../shared/config/env.ts';
import { insertLogs } from '../../../shared/db/logs.repo.ts';
import { NO_PROXIES, parseTrustedProxies } from '../../../shared/config/trusted-proxies.ts';
import { checkSecretKey, ensureControllerId } from '../../../shared/replication/check-secret-key.ts';
import { prepareAdmin } from '../../../shared/replication/doors/admin.ts';
import { createApiKey } from '../../../shared/replication/doors/api-keys.ts';
import { Controller } from '../../support/controller.ts';
import { uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { startTestApi, type TestApi } from './harness.ts';
import { cookiesOf, submit } from './visitor.ts';

export const PASSWORD = 'correct horse battery';
const LOCAL_PROXY = parseTrustedProxies('127.0.0.1') ?? NO_PROXIES;

/** Somebody who comes in, and how he proves who he is. */
export interface Guest {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly reads: boolean;
}
export interface SyncedStage {
  readonly master: Simulator;
  readonly replica: Simulator;
  readonly controller: Controller;
  readonly apis: Readonly<Record<Door['mode'], TestApi>>;
  readonly guests: readonly Guest[];
  readonly ids: Readonly<
    Record<'replica' | 'run' | 'conflict' | 'tombstone' | 'proposal' | 'finding' | 'verification', number>
  >;
  close(): Promise<void>;
}

export async function startSyncedStage(): Promise<SyncedStage> {
  const [master, replica] = await Promise.all([
    simulator('v3', { token: 'a1'.repeat(20) }),
    simulator('v2', { token: 'b2'.repeat(20) }),
  ]);
  for (const name of ['first', 'second', '=third()']) await uploadText(master, name);
  await master.idle();
  const controller = await Controller.start({ master, replicas: { attic: replica } });
  const run = await controller.cycle();
  await controller.stopWorker();
  const joins = { testDatabase: controller.database, secrets: controller.secrets };
  const start = (mode: Door['mode']) =>
    startTestApi({ joins, door: { mode, proxies: LOCAL_PROXY, adminPassword: PASSWORD } });
  const apis = { none: await start('none'), password: await start('password'), forward: await start('forward') };
  await prepareAdmin(apis.password.deps, PASSWORD);
  await checkSecretKey(apis.none.db, controller.secrets);
  await ensureControllerId(apis.none.db);
  await insertLogs(apis.none.db, [{ level: 'info', message: '=1+1 was logged' }]);
  const ids = await rowsOf(apis.none, run.id);
  return {
    master,
    replica,
    controller,
    apis,
    guests: await guestsOf(apis),
    ids,
    close: async () => {
      for (const api of Object.values(apis)) await api.close();
      await controller.stop();
      await Promise.all([master.stop(), replica.stop()]);
    },
  };
}

async function guestsOf(apis: SyncedStage['apis']): Promise<Guest[]> {
  const key = async (scope: 'read' | 'full') => {
    const { secret } = await createApiKey(apis.none.db, { name: `guest ${scope}`, scope, createdBy: 'test' });
    return { authorization: `Bearer ${secret}` };
  };
  const session = cookiesOf(await submit(apis.password.url, '/login', { password: PASSWORD }));
  const own = (api: TestApi) => ({ origin: new URL(api.url).origin });
  return [
    { name: 'anybody', url: apis.none.url, headers: {}, reads: false },
    { name: 'a key', url: apis.password.url, headers: await key('full'), reads: false },
    { name: 'a reading key', url: apis.forward.url, headers: await key('read'), reads: true },
    { name: 'a session', url: apis.password.url, headers: { cookie: session, ...own(apis.password) }, reads: false },
    {
      name: 'a proxy',
      url: apis.forward.url,
      headers: { 'x-authentik-username': 'kim', ...own(apis.forward) },
      reads: false,
    },
  ];
}

async function rowsOf({ db }: TestApi, cycle: number): Promise<SyncedStage['ids']> {
  const link = await db.selectFrom('sync_map').selectAll().orderBy('id').executeTakeFirstOrThrow();
  const at = {
    replica_id: link.replica_id,
    link_id: link.id,
    master_doc_id: link.master_doc_id,
    replica_doc_id: link.replica_doc_id ?? 1,
  };
  const run = await db
    .selectFrom('sync_runs')
    .select('id')
    .where('parent_run_id', '=', cycle)
    .executeTakeFirstOrThrow();
  const added = { master_added: '2024-01-01', replica_added: '2024-01-01' };
  const conflict = await db
    .insertInto('conflicts')
    .values({ ...at, field: 'title', shown: JSON.stringify({ before: 'a', now: '=cmd|x' }) })
    .returning('id')
    .executeTakeFirstOrThrow();
  const tombstone = await db
    .insertInto('tombstones')
    .values({ ...at, ...added, asn: null, checksum: null, reason: 'surplus', state: 'trashed', planned_at: new Date() })
    .returning('id')
    .executeTakeFirstOrThrow();
  const proposal = await db
    .insertInto('match_proposals')
    .values({ ...at, ...added, rule: 'asn' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const verification = await db
    .insertInto('verifications')
    .values({
      replica_id: at.replica_id,
      scope: 'replica',
      depth: 'checksum',
      trigger: 'manual',
      asked_by: 'test',
      state: 'done',
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const { replica_id: _replica, ...ledger } = at;
  await db
    .insertInto('verification_ledger')
    .values({
      ...ledger,
      verification_id: verification.id,
      depth: 'checksum',
      compared_at: new Date(),
      outcome: 'equal',
    })
    .execute();
  const finding = await db
    .insertInto('findings')
    .values({
      ...at,
      kind: 'field_differs',
      depth: 'metadata',
      message: '-2+3',
      fields: JSON.stringify([{ field: 'title', masterHash: 'a', copyHash: 'b', master: 'x', copy: 'y' }]),
      verification_id: verification.id,
      last_verification_id: verification.id,
      last_seen_at: new Date(),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return {
    replica: at.replica_id,
    run: run.id,
    conflict: conflict.id,
    tombstone: tombstone.id,
    proposal: proposal.id,
    finding: finding.id,
    verification: verification.id,
  };
}
