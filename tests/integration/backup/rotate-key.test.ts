/** S5: another key for everything that is stored encrypted, while the controller works; and what a lost key costs. */
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSecretBox } from '../../../shared/config/secret-key.ts';
import { insertMeta } from '../../../shared/db/app-meta.repo.ts';
import { KEPT_TABLES } from '../../../shared/db/backup-tables.ts';
import { putSettings } from '../../../shared/db/settings.repo.ts';
import type { Db } from '../../../shared/db/tables.ts';
import { formatFernetKey } from '../../../shared/kernel/fernet.ts';
import { checkSecretKey } from '../../../shared/replication/check-secret-key.ts';
import { forgetUnreadable, rotateKey } from '../../../shared/replication/rotate-key.ts';
import { Controller } from '../../support/controller.ts';
import { endPrograms, startProgram } from '../../support/program.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { startTestWorker, type TestWorker } from '../../support/test-worker.ts';
import { waitFor } from '../../support/wait.ts';
import { text } from '../reconcile/support.ts';
import { plantCanary } from './support.ts';

const NOWHERE = { url: 'http://127.0.0.1:9', token: 'a-token-that-leads-nowhere' };
const freshKey = () => formatFernetKey(randomBytes(32));
const box = (current: string, old?: string) => createSecretBox({ current, old });
const failure = (error: unknown) => error as Error;

let master: Simulator;
let copy: Simulator;
let controller: Controller;
const workers: TestWorker[] = [];

beforeAll(async () => {
  master = await simulator('v3', { seed: 'master' });
  copy = await simulator('v3', { seed: 'copy' });
});
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.close();
  await controller?.stop();
});
afterAll(async () => {
  await endPrograms();
  await master.stop();
  await copy.stop();
});

/** Every text in the database that looks like a Fernet token. */
async function sealedTexts(db: Db): Promise<string[]> {
  const found: string[] = [];
  for (const name of KEPT_TABLES) {
    const { rows } = await sql<{ row: string }>`select to_json(t)::text as row from ${sql.table(name)} t`.execute(db);
    found.push(...rows.flatMap(({ row }) => row.match(/gAAAAA[A-Za-z0-9_=-]{40,}/g) ?? []));
  }
  return found;
}

describe('rotate-key', () => {
  it('while a cycle runs on several processes fails no call, leaves nothing under the old key, and may be repeated', async () => {
    const [old, next] = [freshKey(), freshKey()];
    const statuses: number[] = [];
    master.write(Array.from({ length: 20 }, (_, n) => text(`letter ${n}`)));
    controller = await Controller.start({ master, replicas: { copy }, idle: true });
    // The rows were sealed with the controller's own key; they become those of `old` by the very command.
    await plantCanary(controller);
    await putSettings(controller.db, [{ key: 'webhook_secret', value: controller.secrets.seal('hush') }]);
    await rotateKey(controller.db, box(old, controller.key), box(old));
    const refused: string[] = [];
    for (let n = 0; n < 3; n += 1)
      workers.push(
        await startTestWorker({
          databaseUrl: controller.database.url,
          key: next,
          oldKey: old,
          concurrency: 2,
          log: { ...controller.log, error: (message) => void refused.push(message) },
          onRequest: ({ status }) => void statuses.push(status ?? 0),
        }),
      );
    const secrets = box(next, old);
    const { runId } = await controller.openCycle(undefined, {}, secrets);
    const synced = () => controller.links().then((links) => links.filter((link) => link.status === 'ok').length);
    await waitFor('the cycle to be in the middle', async () => (await synced()) >= 3, 60_000);
    const rotated = await Promise.all([1, 2, 3].map(() => rotateKey(controller.db, secrets, box(next))));
    expect(rotated.map(({ resealed }) => resealed).sort((a, b) => a - b)).toEqual([0, 0, 4]);
    expect(await synced()).toBeLessThan(20);
    expect((await controller.ended(runId, 120_000)).outcome).toBe('ok');
    expect(refused).toEqual([]);
    expect(statuses.length).toBeGreaterThan(60);
    expect(statuses.filter((status) => status === 401 || status === 403)).toEqual([]);
    const sealed = await sealedTexts(controller.db);
    expect(sealed).toHaveLength(4);
    expect(sealed.map((token) => box(next).open(token)).filter((opened) => opened === 'hush')).toHaveLength(1);
    expect(await rotateKey(controller.db, secrets, box(next))).toEqual({ resealed: 0, kept: 4 });
    await checkSecretKey(controller.db, box(next));
  });

  it('with the wrong old key changes nothing and says what it could not open', async () => {
    controller = await Controller.start({ master: NOWHERE, replicas: { copy: NOWHERE }, idle: true });
    await plantCanary(controller);
    const before = await sealedTexts(controller.db);
    const [next, wrong] = [freshKey(), freshKey()];
    expect(await rotateKey(controller.db, box(next, wrong), box(next)).catch(failure)).toMatchObject({
      code: 'secret_key_wrong',
    });
    expect(await sealedTexts(controller.db)).toEqual(before);
  });
});

describe('a lost SECRET_KEY', () => {
  it('is named at the start; the tokens are forgotten on demand, and every link is kept', async () => {
    controller = await Controller.start({ master: NOWHERE, replicas: { copy: NOWHERE }, idle: true });
    const { db } = controller;
    await plantCanary(controller);
    const { id } = await controller.replica('copy');
    await db
      .insertInto('sync_map')
      .values({ replica_id: id, master_doc_id: 1, replica_doc_id: 1, status: 'ok' })
      .execute();
    const env = { DATABASE_URL: controller.database.url, SECRET_KEY: freshKey() };
    const api = startProgram('services/cli/main.ts', { ...env, PORT: '0' }, ['api']);
    expect([await api.ended, api.stderr()]).toEqual([64, expect.stringContaining('--forget-tokens')]);
    const forget = startProgram('services/cli/main.ts', env, ['rotate-key', '--forget-tokens', '--json']);
    expect([await forget.ended, JSON.parse(forget.stdout())]).toEqual([
      0,
      { forgotten: ['the setting master_token', `the token of replica ${id}`] },
    ]);
    const secrets = box(env.SECRET_KEY);
    await checkSecretKey(db, secrets);
    const replica = await controller.replica('copy');
    expect(secrets.open(replica.api_token)).toBe('');
    expect([replica.paused_at === null, replica.pause_reason]).toEqual([
      false,
      expect.stringContaining('enter it again'),
    ]);
    expect(await controller.links()).toHaveLength(1);
    expect(await db.transaction().execute((trx) => forgetUnreadable(trx, secrets))).toEqual([]);
    expect(await insertMeta(db, 'secret_canary', 'x')).toBe(false);
  });
});
