import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { Controller } from '../../support/controller.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { open, pairsOf, text } from './support.ts';

const SCRIPT = fileURLToPath(new URL('../../support/crashing-worker.ts', import.meta.url));

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function running(): Promise<Simulator> {
  const instance = await simulator('v3');
  closers.push(() => instance.stop());
  return instance;
}

it.each(['reconcile.matched#1', 'reconcile.batch#1', 'reconcile.claimed#1'])(
  'a worker killed with -9 at %s leaves a reconcile that another one brings to the same end',
  async (point) => {
    const [master, copy] = [await running(), await running()];
    const documents = [1, 2, 3, 4, 5].map((n) => text(`letter ${n}`));
    master.write(documents);
    copy.write(documents.toReversed());
    const presence = { beatMs: 100, deadAfterMs: 600 };
    const controller = await Controller.start({ master, replicas: { copy }, presence, idle: true });
    closers.push(() => controller.stop());
    const child = spawn(process.execPath, [SCRIPT], { stdio: ['pipe', 'ignore', 'inherit'] });
    closers.push(() => child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    const { url } = controller.database;
    child.stdin.write(`${JSON.stringify({ databaseUrl: url, key: controller.key, killAt: point })}\n`);
    const { runId } = await open(controller, 'reconcile');
    expect(await ended).toEqual([null, 'SIGKILL']);
    await controller.startWorker();
    expect((await controller.ended(runId, 90_000)).outcome).toBe('ok');
    expect(await pairsOf(controller)).toEqual({ 1: 5, 2: 4, 3: 3, 4: 2, 5: 1 });
    expect((await controller.replica('copy')).reconcile_required).toBeNull();
    expect(await compareInstances({ master, replica: copy })).toMatchObject({ equal: true, doubled: [] });
    expect(copy.store.documents.size).toBe(5);
  },
  150_000,
);
