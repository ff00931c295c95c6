import { expect, it } from 'vitest';
import { Controller } from '../../support/controller.ts';
import { uploadText } from '../../support/paperless-calls.ts';
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
