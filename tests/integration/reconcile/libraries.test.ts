import { afterEach, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { closeRuns, pairsOf, settled, stage, text, waitForUploads, writesOf, type Stage } from './support.ts';

let current: Stage | undefined;
afterEach(async () => {
  await current?.close();
  current = undefined;
});

/** Deterministic, so that a failure can be looked at again. */
function shuffled<T>(items: readonly T[]): T[] {
  let seed = 7;
  const key = () => (seed = (seed * 48_271) % 2_147_483_647);
  return items
    .map((item) => ({ item, at: key() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

describe('reconcile of a large replica', () => {
  it('links 5,000 documents of which 200 share one title and date without one wrong link, and writes nothing', async () => {
    const documents = Array.from({ length: 5000 }, (_, n) =>
      text(`document number ${n}`, n < 200 ? { title: 'Scan' } : { title: `Letter ${n}`, archiveSerialNumber: n }),
    );
    current = await stage('v3', 'v3', (master, copy) => {
      master.write(documents);
      copy.write(shuffled(documents));
    });
    const summary = await current.reconcile('reconcile', 170_000);
    expect(summary).toMatchObject({
      claimed: 5000,
      missing: 0,
      proposals: 0,
      extras: 0,
      foreign: 0,
      passed_over: 0,
    });
    const { master, copy, controller } = current;
    const pairs = Object.entries(await pairsOf(controller));
    const wrong = pairs.filter(
      ([id, copyId]) => master.store.documents.get(Number(id))?.checksum !== copy.store.documents.get(copyId)?.checksum,
    );
    expect(pairs).toHaveLength(5000);
    expect(wrong).toEqual([]);
    expect(writesOf(copy)).toEqual([]);
    expect((await controller.links()).filter((link) => link.status !== 'ok')).toEqual([]);
  }, 180_000);
});

it('links documents whose own titles look like marks of an upload, as a master has that was a replica once', async () => {
  const documents = [
    text('left behind', { title: 'pngx.cf9c44f52b.m2.a1' }),
    text('plain', { title: 'Plain' }),
    text('and another', { title: 'pngx.cf9c44f52b.m7.a1' }),
  ];
  current = await stage('v3', 'v3', (master, copy) => {
    master.write(documents);
    copy.write(documents);
  });
  expect(await current.reconcile()).toMatchObject({ claimed: 3, missing: 0, foreign: 0 });
  await current.controller.sweep();
  expect(writesOf(current.copy)).toEqual([]);
});

describe('twins', () => {
  it('are paired by number, then title and date, then in order; what is left over is reported', async () => {
    current = await stage('v3', 'v3', (master, copy) => {
      master.write([
        text('same', { title: 'A' }),
        text('same', { title: 'B', archiveSerialNumber: 8 }),
        text('same', { title: 'C' }),
        text('once', { title: 'D' }),
      ]);
      copy.write([
        text('same', { title: 'x' }),
        text('same', { title: 'C' }),
        text('same', { title: 'y', archiveSerialNumber: 8 }),
        text('same', { title: 'z' }),
      ]);
    });
    const summary = await current.reconcile();
    expect(summary).toMatchObject({ claimed: 3, missing: 1, extras: 1, foreign: 1 });
    expect(summary['matched']).toMatchObject({ asn: 1, title_created: 1, order: 1 });
    expect(await pairsOf(current.controller)).toEqual({ 1: 1, 2: 3, 3: 2 });
    await current.controller.cycle();
    expect(current.copy.store.documents.size).toBe(5);
  });

  it('that the replica lacks are made by the next cycle, and stay twins', async () => {
    current = await stage('v3', 'v3', (master, copy) => {
      master.write([text('same', { title: 'A' }), text('same', { title: 'B' })]);
      copy.write([text('same', { title: 'B' })]);
    });
    expect(await current.reconcile()).toMatchObject({ claimed: 1, missing: 1, extras: 0 });
    expect(await pairsOf(current.controller)).toEqual({ 2: 1 });
    await current.controller.cycle();
    const { master, copy } = current;
    expect(await compareInstances({ master, replica: copy })).toMatchObject({ equal: true, doubled: [] });
    expect(copy.store.documents.size).toBe(2);
  });
});

describe('full resync', () => {
  it('finds every copy again, twins included, uploads nothing and repairs a wrong link', async () => {
    current = await stage('v3', 'v3', (master) => {
      master.write([text('one'), text('same', { title: 'A' }), text('same', { title: 'B' }), text('four')]);
    });
    const { controller, copy, master } = current;
    await controller.cycle();
    const before = await pairsOf(controller);
    const [one, , , four] = await controller.links();
    // As a broken restore of our own database might have it.
    for (const [link, to] of [
      [one, null],
      [four, one],
      [one, four],
    ] as const)
      await controller.db
        .updateTable('sync_map')
        .set({
          replica_doc_id: to?.replica_doc_id ?? null,
          replica_added: to?.replica_added ?? null,
          stored_checksum: to?.stored_checksum ?? null,
        })
        .where('id', '=', link?.id ?? 0)
        .execute();
    copy.clearRequests();
    expect(await current.reconcile('resync')).toMatchObject({ kept: 0, claimed: 4, released: 2, missing: 0 });
    expect(await pairsOf(controller)).toEqual(before);
    expect(writesOf(copy)).toEqual([]);
    expect(await compareInstances({ master, replica: copy })).toMatchObject({ equal: true, doubled: [] });
  });

  it('leaves uploads under way to the end they come to: no document is there twice', async () => {
    current = await stage('v3', 'v3', (master) => {
      master.write([text('one'), text('two'), text('three')]);
    });
    const { controller, copy, master } = current;
    // Otherwise the first upload of all goes alone (H23).
    await controller.db.updateTable('replicas').set({ library_proven: true }).execute();
    copy.act('pause-worker');
    await controller.openCycle();
    await waitForUploads(controller, 3);
    await closeRuns(controller);
    await settled(controller);
    const summary = await current.reconcile('resync');
    expect(summary).toMatchObject({ in_flight: 3, claimed: 0, missing: 0 });
    copy.act('resume-worker');
    await copy.idle();
    await controller.cycle();
    expect(copy.store.documents.size).toBe(3);
    expect(await compareInstances({ master, replica: copy })).toMatchObject({ equal: true, doubled: [] });
  });
});
