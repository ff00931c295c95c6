import { afterEach, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { makeLibrary } from '../../../services/demo/library/index.ts';
import { seedLibrary } from '../../../services/demo/seed.ts';
import { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Stage {
  readonly master: Simulator;
  readonly replica: Simulator;
  readonly controller: Controller;
}

async function stage(replicaGeneration: 'v2' | 'v3'): Promise<Stage> {
  const [master, replica] = [await simulator('v2'), await simulator(replicaGeneration)];
  closers.push(
    () => master.stop(),
    () => replica.stop(),
  );
  await seedLibrary(master, makeLibrary({ ordinary: 10, heavyBytes: 300_000 }));
  await master.idle();
  const controller = await Controller.start({ master, replicas: { copy: replica } });
  closers.push(() => controller.stop());
  expect((await controller.cycle()).outcome).toBe('ok');
  expect(await compareInstances({ master, replica })).toMatchObject({ equal: true });
  return { master, replica, controller };
}

/** A cycle and two sweeps that find nothing to do: no write at all, no link touched, nobody blamed for an edit. */
async function staysQuiet({ master, replica, controller }: Stage): Promise<void> {
  const before = await controller.links();
  replica.clearRequests();
  for (const work of [() => controller.cycle(), () => controller.sweep(), () => controller.sweep()]) {
    const run = await work();
    expect([run.outcome, run.docs_failed]).toEqual(['ok', 0]);
  }
  expect(replica.requests().filter(({ method }) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
  const facts = (rows: typeof before) =>
    rows.map((link) => [link.master_doc_id, link.replica_doc_id, link.status, link.dirty_seq === link.applied_seq]);
  expect(facts(await controller.links())).toEqual(facts(before));
  expect(await controller.db.selectFrom('conflicts').selectAll().execute()).toEqual([]);
  expect(await compareInstances({ master, replica })).toMatchObject({ equal: true });
}

describe('an instance that is upgraded from 2.20 to 3.x in mid-life', () => {
  it('is the same replica as before: nothing is sent again and nothing seems changed', async () => {
    const scene = await stage('v2');
    scene.replica.act('upgrade');
    await staysQuiet(scene);
  });

  it.each(['v2', 'v3'] as const)('is the same master as before to a %s replica', async (generation) => {
    const scene = await stage(generation);
    scene.master.act('upgrade');
    await staysQuiet(scene);
  });

  it('may be both, one after the other; later changes, other files included, are carried over as ever', async () => {
    const scene = await stage('v2');
    const { master, replica, controller } = scene;
    master.act('upgrade');
    await staysQuiet(scene);
    replica.act('upgrade');
    await staysQuiet(scene);
    const [first, second] = await controller.links();
    await ask(master, 'PATCH', `/api/documents/${first?.master_doc_id}/`, { title: 'After the upgrade' });
    const body = new FormData();
    body.append('document', new Blob(['Another text altogether.\n'], { type: 'text/plain' }), 'another.txt');
    await ask(master, 'POST', `/api/documents/${second?.master_doc_id}/update_version/`, body);
    await master.idle();
    replica.clearRequests();
    expect((await controller.cycle()).outcome).toBe('ok');
    expect(await compareInstances({ master, replica })).toMatchObject({ equal: true });
    const sent = replica.requests().filter(({ fileSha256 }) => fileSha256 !== null);
    expect(sent.map(({ path }) => path)).toEqual([`/api/documents/${second?.replica_doc_id}/update_version/`]);
  });

  it('may be upgraded while uploads wait in its queue and lose their task rows: each document is there once', async () => {
    const [master, replica] = [await simulator('v3'), await simulator('v2')];
    closers.push(
      () => master.stop(),
      () => replica.stop(),
    );
    for (let n = 1; n <= 5; n += 1) await uploadText(master, `doc-${n}`, { archive_serial_number: n });
    await master.idle();
    const controller = await Controller.start({ master, replicas: { copy: replica } });
    closers.push(() => controller.stop());
    // The first upload goes alone, to prove that the instances are not one (protocol H23).
    expect((await controller.cycle()).outcome).toBe('ok');
    for (let n = 6; n <= 10; n += 1) await uploadText(master, `doc-${n}`, { archive_serial_number: n });
    await master.idle();
    replica.act('pause-worker');
    const { runId } = await controller.openCycle();
    await waitFor(
      'five uploads in the queue',
      () => replica.store.tasks.filter((row) => row.status === 'pending').length === 5,
    );
    replica.act('upgrade');
    replica.act('resume-worker');
    expect((await controller.ended(runId)).outcome).toBe('ok');
    expect(await compareInstances({ master, replica })).toMatchObject({ equal: true, doubled: [], missing: [] });
    expect(replica.store.documents.size).toBe(10);
  });
});
