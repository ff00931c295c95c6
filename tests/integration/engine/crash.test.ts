import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';

const SCRIPT = fileURLToPath(new URL('../../support/crashing-worker.ts', import.meta.url));
const DOCUMENTS = 60;

interface Crashing {
  readonly child: ChildProcess;
  readonly points: string[];
  readonly ended: Promise<unknown>;
}

/** A worker process of its own; `killAt` null: it only reports the points it passes. */
function crashing(controller: Controller, killAt: string | null): Crashing {
  const argument = JSON.stringify({ databaseUrl: controller.database.url, key: controller.key, killAt });
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const points: string[] = [];
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('point ')) points.push(line.slice(6));
  });
  return { child, points, ended: once(child, 'exit') };
}

describe.each(['v3', 'v2'] as const)(
  'a worker killed with -9 at every point of an upload to a %s replica',
  (generation) => {
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
      const points = await pointsOfOneUpload();
      expect(points.length).toBeGreaterThan(20);
      await addDocuments(master, DOCUMENTS);
      await controller.openCycle();
      const killed: string[] = [];
      for (const point of points) {
        const { child, ended } = crashing(controller, point);
        const died = await Promise.race([ended.then(() => true), runsEnded().then(() => false)]);
        child.kill('SIGKILL');
        await ended;
        if (died) killed.push(point);
        else await controller.openCycle();
      }
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
      const { child, points, ended } = crashing(controller, null);
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
  },
);

async function addDocuments(instance: Simulator, count: number): Promise<void> {
  for (let n = 1; n <= count; n += 1) await uploadText(instance, `document-${n}`);
  await instance.idle();
  for (let id = 2; id <= count + 1; id += 1) await note(instance, id);
}

async function note(instance: Simulator, id: number): Promise<void> {
  await ask(instance, 'PATCH', `/api/documents/${id}/`, { archive_serial_number: id });
  await ask(instance, 'POST', `/api/documents/${id}/notes/`, { note: `paid ${id}` });
}
