import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Controller } from '../../support/controller.ts';
import { uploadText } from '../../support/paperless-calls.ts';
import { simulator } from '../../support/simulator.ts';
import { addVersion, filesOf } from '../../support/versions.ts';
import { waitFor } from '../../support/wait.ts';

const SCRIPT = fileURLToPath(new URL('../../support/crashing-worker.ts', import.meta.url));
const TIMINGS = { redeliveryMs: 400 };
const POINTS = [
  'version.intent.after#1', // the intent is on record, nothing was sent
  'version.answered#1', // the replica has taken it, nobody has noted that
  'version.noted#1',
  'version.link.before#1',
  'version.label.before#1',
  'version.label.after#1',
];

/** A process of its own that ends itself with SIGKILL at `killAt`. */
function killedAt(controller: Controller, killAt: string) {
  const child = spawn(process.execPath, [SCRIPT], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.on('error', () => undefined);
  const { url: databaseUrl } = controller.database;
  child.stdin.write(`${JSON.stringify({ databaseUrl, key: controller.key, killAt, timings: TIMINGS })}\n`);
  return { child, ended: once(child, 'exit') };
}

it('a worker killed with -9 around the POST and the label of a version leaves each version once', {
  timeout: 400_000,
}, async () => {
  const master = await simulator('v3');
  const replica = await simulator('v3');
  for (let n = 1; n <= POINTS.length; n += 1) await uploadText(master, `doc-${n}`);
  await master.idle();
  const controller = await Controller.start({
    master,
    replicas: { copy: replica },
    presence: { beatMs: 100, deadAfterMs: 600 },
    timings: TIMINGS,
  });
  const runsEnded = () =>
    waitFor('the runs to end', async () => (await controller.runs()).every((run) => run.finished_at), 60_000);
  try {
    expect((await controller.cycle()).outcome).toBe('ok');
    await controller.stopWorker();
    for (const [at, point] of POINTS.entries()) {
      await addVersion(master, at + 1, `second of ${at + 1}`, 'signed');
      const { child, ended } = killedAt(controller, point);
      // A run that the process before it left open has to end first; the new version is in the next one.
      const died = ended.then(() => true);
      do await controller.openCycle();
      while (!(await Promise.race([died, runsEnded().then(() => false)])));
      expect(child.signalCode).toBe('SIGKILL');
      await controller.db.updateTable('sync_map').set({ crash_count: 0 }).execute();
    }
    await controller.startWorker();
    const open = async () => (await controller.links()).filter((link) => link.status !== 'ok');
    await runsEnded();
    for (let cycles = 0; cycles < 12 && (cycles === 0 || (await open()).length > 0); cycles += 1) {
      await controller.db.updateTable('sync_map').set({ next_due_at: null, crash_count: 0 }).execute();
      await controller.cycle();
    }
    expect((await open()).map((link) => [link.master_doc_id, link.error_msg])).toEqual([]);
    for (const link of await controller.links())
      expect(await filesOf(replica, link.replica_doc_id ?? 0)).toEqual(await filesOf(master, link.master_doc_id));
  } finally {
    await controller.stop();
    await master.stop();
    await replica.stop();
  }
});
