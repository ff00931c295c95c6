import { expect, it } from 'vitest';
import { retryDocument } from '../../../shared/db/retry.repo.ts';
import { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator } from '../../support/simulator.ts';

it('refuses another library at the new address of the master, and goes on when the known one is back', async () => {
  const master = await simulator('v3');
  const stranger = await simulator('v3');
  const replica = await simulator('v3');
  for (const name of ['one', 'two']) await uploadText(master, name);
  for (const name of ['other', 'more', 'third']) await uploadText(stranger, name);
  await master.idle();
  await stranger.idle();
  const controller = await Controller.start({ master, replicas: { copy: replica } });
  const moveTo = async (url: string) => {
    await controller.db.updateTable('settings').set({ value: url }).where('key', '=', 'master_url').execute();
    await controller.db.updateTable('master_state').set({ unconfirmed: true }).execute();
    await controller.stopWorker();
    await controller.startWorker();
  };
  try {
    await controller.cycle();
    await moveTo(stranger.url);
    replica.clearRequests();
    const refused = await controller.cycle();
    expect(refused).toMatchObject({ outcome: 'failed', error_code: 'identity_changed', error_side: 'master' });
    expect(replica.requests().filter((request) => request.method !== 'GET')).toEqual([]);
    expect(await controller.replica('copy')).toMatchObject({ consecutive_failures: 0 });
    await moveTo(master.url);
    expect((await controller.cycle()).outcome).toBe('ok');
    expect(replica.store.documents.size).toBe(2);
  } finally {
    await controller.stop();
    await master.stop();
    await stranger.stop();
    await replica.stop();
  }
});

it.each([
  ['by their addresses, which somebody typed the wrong way round', true],
  ['behind their addresses, which stayed the same', false],
])('writes to neither when master and replica have changed places %s', async (_, typed) => {
  const master = await simulator('v3');
  const replica = await simulator('v3');
  for (const name of ['one', 'two', 'three']) await uploadText(master, name);
  await master.idle();
  const controller = await Controller.start({ master, replicas: { copy: replica } });
  const pointTo = async (asMaster: string, asReplica: string) => {
    const doubt = typed ? { unconfirmed: true } : {};
    await controller.db.updateTable('settings').set({ value: asMaster }).where('key', '=', 'master_url').execute();
    await controller.db
      .updateTable('replicas')
      .set({ url: asReplica, ...doubt })
      .execute();
    if (typed) await controller.db.updateTable('master_state').set({ unconfirmed: true }).execute();
    await controller.stopWorker();
    await controller.startWorker();
  };
  const written = (instance: typeof master) => instance.requests().filter((request) => request.method !== 'GET');
  try {
    await controller.cycle();
    await pointTo(replica.url, master.url);
    await ask(replica, 'PATCH', '/api/documents/1/', { title: 'A change on what is taken for the master' });
    for (const instance of [master, replica]) instance.clearRequests();
    for (const sweep of [false, true]) {
      const run = await (sweep ? controller.sweep() : controller.cycle());
      // Of an address that nobody changed a few strange documents are set aside one by one; many suspend the instance (H2).
      if (typed || !sweep) expect(run.outcome).toBe(typed ? 'failed' : 'partial');
    }
    const codes = typed
      ? (await controller.runs()).slice(-2).map((run) => run.error_code)
      : (await controller.links()).map((link) => link.error_code);
    expect(new Set(codes)).toEqual(new Set(['identity_changed']));
    expect([written(master), written(replica)]).toEqual([[], []]);
    await pointTo(master.url, replica.url);
    const { id } = await controller.replica('copy');
    // What was set aside waits for a person's word; then it is compared and found equal.
    if (!typed) for (const document of [1, 2, 3]) await retryDocument(controller.db, id, document);
    expect((await controller.sweep()).outcome).toBe('ok');
    expect((await controller.links()).map((link) => link.status)).toEqual(['ok', 'ok', 'ok']);
    expect([master.store.documents.size, replica.store.documents.size]).toEqual([3, 3]);
    expect(written(master)).toEqual([]);
  } finally {
    await controller.stop();
    await master.stop();
    await replica.stop();
  }
});
