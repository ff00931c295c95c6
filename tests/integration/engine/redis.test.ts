import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { makeLibrary } from '../../../services/demo/library/index.ts';
import { seedLibrary } from '../../../services/demo/seed.ts';
import { Controller } from '../../support/controller.ts';
import { ask } from '../../support/paperless-calls.ts';
import { hasRedis, startRedis, type TestRedis } from '../../support/redis.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';

describe.skipIf(!hasRedis)('the engine on a queue in Redis', () => {
  let redis: TestRedis;
  let master: Simulator;
  let replicas: { attic: Simulator; cellar: Simulator };
  let controller: Controller;

  beforeAll(async () => {
    redis = await startRedis();
    master = await simulator('v3');
    replicas = { attic: await simulator('v3', { ocrMs: 40 }), cellar: await simulator('v2', { ocrMs: 40 }) };
    await seedLibrary(master, makeLibrary({ ordinary: 20, heavyBytes: 300_000 }));
    await master.idle();
    controller = await Controller.start({ master, replicas, redisUrl: redis.url });
  });
  afterAll(async () => {
    await controller?.stop();
    for (const instance of [master, ...Object.values(replicas ?? {})]) await instance?.stop();
    await redis?.close();
  });

  const posts = (instance: Simulator) =>
    instance.requests().filter((request) => request.path === '/api/documents/post_document/').length;

  it('loses nothing and sends nothing twice when everything in Redis is removed in mid-sync', {
    timeout: 180_000,
  }, async () => {
    const { runId } = await controller.openCycle();
    await waitFor('a third of the uploads', () => posts(replicas.attic) > 15);
    await redis.flush();
    await waitFor('two thirds of the uploads', () => posts(replicas.attic) > 32);
    await redis.flush();
    await controller.ended(runId, 120_000);
    const blocked = (await controller.links('cellar'))
      .filter((link) => link.phase === 'blocked')
      .map((link) => ({ masterId: link.master_doc_id, reason: link.error_msg ?? '' }));
    expect(await compareInstances({ master, replica: replicas.attic })).toMatchObject({
      equal: true,
      doubled: [],
      missing: [],
      markers: [],
    });
    expect(await compareInstances({ master, replica: replicas.cellar, blocked })).toMatchObject({
      equal: true,
      doubled: [],
      missing: [],
      markers: [],
    });
    expect(blocked).toHaveLength(1);
    expect(posts(replicas.attic)).toBe(52);
  });

  it('carries a change over', async () => {
    await ask(master, 'PATCH', '/api/documents/3/', { title: 'Changed' });
    await controller.cycle();
    expect(await compareInstances({ master, replica: replicas.attic })).toMatchObject({ equal: true });
  });
});
