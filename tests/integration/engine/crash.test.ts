import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { onBothQueues } from '../../support/both-queues.ts';
import { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';

const SCRIPT = fileURLToPath(new URL('../../support/crashing-worker.ts', import.meta.url));
/** Every point on each generation and queue; otherwise the four share the points, and each is killed at by one of them. */
const ALL_POINTS = process.env['ALL_POINTS'] === '1';
const DOCUMENTS = ALL_POINTS ? 60 : 16;

interface Crashing {
  readonly child: ChildProcess;
  readonly points: string[];
  readonly ended: Promise<unknown>;
  /** Begins to work; `killAt` null: it only reports the points it passes. */
  work(controller: Controller, redisUrl: string | undefined, killAt: string | null): void;
}

/** Loads while the one before it works: most of its time is the loading. */
function crashing(): Crashing {
  const child = spawn(process.execPath, [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  const points: string[] = [];
  let text = '';
  child.stdin.on('error', () => undefined);
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('point ')) points.push(line.slice(6));
  });
  const work: Crashing['work'] = ({ database, key }, redisUrl, killAt) =>
    void child.stdin.write(`${JSON.stringify({ databaseUrl: database.url, redisUrl, key, killAt })}\n`);
  return { child, points, ended: once(child, 'exit'), work };
}

for (const [turn, generation] of (['v3', 'v2'] as const).entries())
  onBothQueues(`a worker killed with -9 at every point of an upload to a ${generation} replica`, (redisUrl) => {
    let master: Simulator;
    let replica: Simulator;
    let controller: Controller;

    beforeAll(async () => {
      master = await simulator('v3', { docs: 1, seed: 'points' });
      replica = await simulator(generation);
      controller = await Controller.start({
        master,
        replicas: { copy: replica },
        presence: { beatMs: 100, deadAfterMs: 600 },
        redisUrl: redisUrl(),
        idle: true,
      });
    });
    afterAll(async () => {
      await controller?.stop();
      await master?.stop();
      await replica?.stop();
    });

    it('leaves each document once, complete, and without a trace of the work', { timeout: 300_000 }, async () => {
      await note(master, 1);
      const passed = await pointsOfOneUpload();
      expect(passed.length).toBeGreaterThan(20);
      const mine = turn * 2 + (redisUrl() === undefined ? 0 : 1);
      const points = passed.filter((_, at) => ALL_POINTS || at % 4 === mine);
      await addDocuments(master, DOCUMENTS);
      await controller.openCycle();
      const killed: string[] = [];
      let next = crashing();
      for (const point of points) {
        const { child, ended, work } = next;
        next = crashing();
        work(controller, redisUrl(), point);
        const died = await Promise.race([ended.then(() => true), runsEnded().then(() => false)]);
        child.kill('SIGKILL');
        await ended;
        if (died) killed.push(point);
        else await controller.openCycle();
        // A document that ends three processes is set aside; that rule has a test of its own.
        await controller.db.updateTable('sync_map').set({ crash_count: 0 }).execute();
      }
      next.child.kill('SIGKILL');
      await controller.startWorker();
      for (let cycles = 0; cycles < 12 && !(await allEqual()); cycles += 1) {
        await runsEnded();
        await controller.cycle();
      }
      // A poll more or less is normal, so a point may not come in every run; nearly all do.
      expect(killed.length).toBeGreaterThan(points.length * 0.8);
      const open = (await controller.links()).filter((link) => link.status !== 'ok');
      expect(open.map((link) => [link.master_doc_id, link.phase, link.error_code, link.error_msg])).toEqual([]);
      const comparison = await compareInstances({ master, replica });
      expect(comparison).toMatchObject({
        equal: true,
        missing: [],
        extra: [],
        doubled: [],
        markers: [],
        identical: DOCUMENTS + 1,
      });
    });

    /** In order, from a run that nobody kills. */
    async function pointsOfOneUpload(): Promise<string[]> {
      const { child, points, ended, work } = crashing();
      work(controller, redisUrl(), null);
      const { runId } = await controller.openCycle();
      await controller.ended(runId);
      child.kill('SIGKILL');
      await ended;
      return points.slice(points.findIndex((point) => point.startsWith('locate')));
    }

    function runsEnded(): Promise<unknown> {
      return waitFor(
        'every run to end',
        async () => (await controller.runs()).every((run) => run.finished_at !== null),
        120_000,
      );
    }

    async function allEqual(): Promise<boolean> {
      return (await controller.links()).every((link) => link.status === 'ok' && link.dirty_seq === link.applied_seq);
    }
  });

it('sets a document aside that ended three processes, and goes on with the others', async () => {
  const master = await simulator('v3', { docs: 3, seed: 'poison' });
  const replica = await simulator('v3');
  const controller = await Controller.start({ master, replicas: { copy: replica }, idle: true });
  try {
    const { runId } = await controller.openCycle();
    const { id: replica_id } = await controller.replica('copy');
    await controller.db.insertInto('sync_map').values({ replica_id, master_doc_id: 2, crash_count: 3 }).execute();
    await controller.startWorker();
    await controller.ended(runId);
    const states = (await controller.links()).map((link) => [link.master_doc_id, link.phase, link.error_code]);
    expect(states.sort()).toEqual([
      [1, 'ok', null],
      [2, 'dlq', 'crashes_worker'],
      [3, 'ok', null],
    ]);
  } finally {
    await controller.stop();
    await master.stop();
    await replica.stop();
  }
});

async function addDocuments(instance: Simulator, count: number): Promise<void> {
  for (let n = 1; n <= count; n += 1) await uploadText(instance, `document-${n}`);
  await instance.idle();
  for (let id = 2; id <= count + 1; id += 1) await note(instance, id);
}

async function note(instance: Simulator, id: number): Promise<void> {
  await ask(instance, 'PATCH', `/api/documents/${id}/`, { archive_serial_number: id });
  await ask(instance, 'POST', `/api/documents/${id}/notes/`, { note: `paid ${id}` });
}
