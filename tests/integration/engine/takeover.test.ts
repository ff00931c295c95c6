/** Documents in the hands of a process that dies, freezes or loses its line go on in another one (R3); beats are short here. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { onBothQueues } from '../../support/both-queues.ts';
import { Controller } from '../../support/controller.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { waitFor } from '../../support/wait.ts';
import { addDocument, grantViews } from '../faults/library.ts';
import { live, surplusPosts } from '../faults/stage.ts';

const SCRIPT = fileURLToPath(new URL('../../support/crashing-worker.ts', import.meta.url));
const PRESENCE = { beatMs: 100, deadAfterMs: 600, writeGraceMs: 300 };

interface Hands {
  readonly child: ReturnType<typeof spawn>;
  readonly line: TcpProxy;
}
const CASES: Readonly<Record<string, { strike(hands: Hands): void; comeBack?(hands: Hands): void }>> = {
  killed: { strike: ({ child }) => void child.kill('SIGKILL') },
  frozen: { strike: ({ child }) => void child.kill('SIGSTOP'), comeBack: ({ child }) => void child.kill('SIGCONT') },
  'cut from the database': { strike: ({ line }) => line.cut(), comeBack: ({ line }) => line.heal() },
};

onBothQueues('what a process had in its hands', (redisUrl) => {
  let master: Simulator;
  let replica: Simulator;
  let controller: Controller;

  beforeAll(async () => {
    [master, replica] = [await simulator('v3'), await simulator('v3')];
    for (const instance of [master, replica]) grantViews(instance);
    controller = await Controller.start({
      master,
      replicas: { copy: replica },
      redisUrl: redisUrl(),
      presence: PRESENCE,
      idle: true,
    });
    await controller.db.updateTable('replicas').set({ library_proven: true }).execute();
  });
  afterAll(async () => {
    await controller?.stop();
    await master?.stop();
    await replica?.stop();
  });

  it.each(Object.keys(CASES))(
    'when it is %s, is taken up by another process, and done once',
    { timeout: 120_000 },
    async (name) => {
      const { strike, comeBack } = CASES[name] ?? {};
      for (let n = 0; n < 3; n += 1) addDocument(master);
      replica.setFault('slow', { match: { contains: 'archive_serial_number=2' }, value: 600_000 });
      const line = await startTcpProxy(controller.database.url);
      const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT], { stdio: ['pipe', 'ignore', 'inherit'] });
      const exit = once(child, 'exit');
      const job = {
        databaseUrl: line.through(controller.database.url),
        redisUrl: redisUrl(),
        key: controller.key,
        killAt: 'nowhere',
        concurrency: 4,
      };
      child.stdin.write(`${JSON.stringify(job)}\n`);
      const held = () =>
        controller.db
          .selectFrom('sync_map')
          .select(['id', 'lease_epoch'])
          .where('lease_worker', 'is not', null)
          .execute();
      try {
        const { runId } = await controller.openCycle();
        const units = await waitFor(
          'three documents in its hands',
          async () => ((await held()).length === 3 ? held() : null),
          60_000,
        );
        await controller.startWorker();
        strike?.({ child, line });
        const epochs = new Map(units.map((unit) => [unit.id, unit.lease_epoch]));
        await waitFor(
          'another process to hold them',
          async () =>
            (await held()).filter(({ id, lease_epoch }) => lease_epoch > (epochs.get(id) ?? Infinity)).length === 3,
          60_000,
        );
        replica.clearFaults();
        comeBack?.({ child, line });
        await controller.db.updateTable('sync_map').set({ crash_count: 0 }).execute();
        const { runId: next } = await controller.openCycle();
        await stopHanging(next, runId);
        await controller.cycle();
        expect((await controller.links()).map((link) => [link.status, link.error_code])).toEqual(
          live(master).map(() => ['ok', null]),
        );
        expect(live(replica)).toHaveLength(live(master).length);
        expect(surplusPosts(replica)).toBe(0);
      } finally {
        child.kill('SIGKILL');
        await exit;
        await line.close();
        await controller.stopWorker();
      }
    },
  );

  /** Requests that hang in the instance are given up with their run. */
  async function stopHanging(...runIds: number[]): Promise<void> {
    const { cancelRun } = await import('../../../shared/replication/pause-replica.ts');
    const settings = () => Promise.reject(new Error('not asked'));
    const metrics = { documentSettled: () => undefined, runClosed: () => undefined };
    const closing = {
      db: controller.db,
      log: controller.log,
      metrics,
      clock: { now: () => new Date(), monotonic: () => 0 },
      settings,
    };
    for (const id of new Set(runIds)) await cancelRun(closing, id).catch(() => undefined);
    await waitFor(
      'everybody to let go',
      async () =>
        (await controller.db.selectFrom('sync_map').select('id').where('lease_worker', 'is not', null).execute())
          .length === 0,
      60_000,
    );
  }
});
