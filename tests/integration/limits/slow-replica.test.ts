import { afterAll, beforeAll, expect, it } from 'vitest';
import { onBothQueues } from '../../support/both-queues.ts';
import { Controller } from '../../support/controller.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';

const DOCUMENTS = 40;

onBothQueues('a replica that never answers an upload', (redisUrl) => {
  let master: Simulator;
  let fast: Simulator;
  let slow: Simulator;
  let controller: Controller;

  beforeAll(async () => {
    master = await simulator('v3', { docs: DOCUMENTS });
    fast = await simulator('v3', { consumers: 4 });
    slow = await simulator('v3', { consumers: 4 });
    controller = await Controller.start({ master, replicas: { fast, slow }, redisUrl: redisUrl(), concurrency: 6 });
    // Its copies of documents are what takes for ever, not the run's own look at it.
    await controller.db.updateTable('replicas').set({ library_proven: true }).execute();
    slow.setFault('never-answer', { match: { pathSuffix: '/post_document/' }, value: 'none' });
  });
  afterAll(async () => {
    slow?.clearFaults();
    await controller?.stop();
    for (const instance of [master, fast, slow]) await instance?.stop();
  });

  it('holds up no document of another one, although its own fill every place they may', async () => {
    const { runId } = await controller.openCycle();
    const fastId = (await controller.replica('fast')).id;
    const run = await waitFor(
      'the run of the fast replica to end',
      () =>
        controller.db
          .selectFrom('sync_runs')
          .selectAll()
          .where('parent_run_id', '=', runId)
          .where('replica_id', '=', fastId)
          .where('finished_at', 'is not', null)
          .executeTakeFirst(),
      120_000,
    );
    expect(run).toMatchObject({ outcome: 'ok', docs_synced: DOCUMENTS });
    expect((await controller.links('fast')).filter((link) => link.status === 'ok')).toHaveLength(DOCUMENTS);
    // All the while the slow one had work of its own in hand, and none of it came to an end.
    expect((await controller.links('slow')).filter((link) => link.status === 'ok')).toHaveLength(0);
    expect((await controller.links('slow')).filter((link) => link.phase === 'sending').length).toBeGreaterThan(0);
  }, 180_000);

  it('does not keep the process from stopping, nor do looks at its queue that wait behind those uploads', async () => {
    // Looks begin every 250 ms: the last one waits since all requests that the replica allows at once are taken.
    await waitFor('a look to wait', async () => {
      const { queue_asked_at: asked } = await controller.replica('slow');
      return asked !== null && Date.now() - asked.getTime() > 2000;
    });
    const began = performance.now();
    await controller.stopWorker();
    expect(performance.now() - began).toBeLessThan(3000);
  });
});
