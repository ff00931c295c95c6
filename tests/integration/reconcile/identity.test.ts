import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { simulator } from '../../support/simulator.ts';
import { editDocument } from '../faults/library.ts';
import { apiOn, type Api } from './api.ts';
import { pairsOf, stage, text, writesOf, type Stage } from './support.ts';

let current: Stage;
let api: Api | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
  await current?.close();
});

const letters = (count: number) =>
  Array.from({ length: count }, (_, n) => text(`letter ${n}`, { title: `Letter ${n}` }));
const HOUR_US = 3_600_000_000;

async function confirm(accept: 'missing' | 'identities') {
  api ??= await apiOn(current.controller);
  const replica = await current.controller.replica('copy');
  return api.ask('POST', `/api/replicas/${replica.id}/confirm`, { accept });
}

const equal = async () => {
  const { master, copy } = current;
  expect(await compareInstances({ master, replica: copy })).toMatchObject({ missing: [], doubled: [], markers: [] });
};

describe('a replica whose clock was two hours ahead for a while', () => {
  beforeEach(async () => {
    current = await stage('v3', 'v3', (master) => void master.write(letters(3)));
    current.copy.setFault('clock-skew', { value: 7_200_000 });
    await current.controller.cycle();
    current.copy.clearFaults();
    current.master.write(letters(6).slice(3));
    await current.controller.cycle();
  });

  it('is not taken for a restored one', async () => {
    const { controller } = current;
    for (let cycles = 0; cycles < 2; cycles += 1) expect((await controller.cycle()).outcome).toBe('ok');
    await equal();
  });

  it('or was taken for one goes on for good once a person confirms', async () => {
    const { controller, copy } = current;
    const newest = (await controller.links()).reduce((most, link) =>
      (link.replica_doc_id ?? 0) > (most.replica_doc_id ?? 0) ? link : most,
    );
    await controller.db
      .updateTable('replicas')
      .set({ high_water_id: newest.replica_doc_id, high_water_added: newest.replica_added })
      .execute();
    await controller.cycle();
    expect((await controller.replica('copy')).error_code).toBe('ids_reused');
    const before = copy.store.documents.size;
    await controller.ended((await confirm('identities')).body.run_id);
    for (let cycles = 0; cycles < 2; cycles += 1) expect((await controller.cycle()).outcome).toBe('ok');
    expect(copy.store.documents.size).toBe(before);
    await equal();
  });
});

describe('a replica that was restored from an older backup', () => {
  beforeEach(async () => {
    current = await stage('v3', 'v3', (master) => void master.write(letters(10)));
    await current.controller.cycle();
    current.copy.act('backup');
    current.master.write(letters(30).slice(10));
    await current.controller.cycle();
    current.copy.act('restore-backup');
  });

  it('and gives its ids anew is suspended by name, overwritten nowhere, and matched anew once a person confirms', async () => {
    const { controller, copy } = current;
    const now = copy.store.clock.now();
    const strangers = copy.write(
      Array.from({ length: 20 }, (_, n) => text(`stranger ${n}`, { title: `Stranger ${n}`, added: now + 2 * HOUR_US })),
    );
    copy.clearRequests();
    await controller.cycle();
    const replica = await controller.replica('copy');
    expect(replica.error_code).toBe('ids_reused');
    expect(replica.suspended_at).not.toBeNull();
    expect(writesOf(copy)).toEqual([]);
    const answer = await confirm('identities');
    expect(answer.status).toBe(202);
    await controller.ended(answer.body.run_id);
    expect(Object.keys(await pairsOf(controller))).toHaveLength(10);
    expect(writesOf(copy)).toEqual([]);
    expect((await controller.cycle()).outcome).toBe('ok');
    expect(strangers.map((id) => copy.store.documents.get(id)?.title)).toEqual(
      strangers.map((_, n) => `Stranger ${n}`),
    );
    await equal();
    expect(copy.store.documents.size).toBe(50);
  });

  it('and gives a few ids anew keeps those links from any write, and makes the copies again after a reconcile', async () => {
    const { controller, copy } = current;
    copy.write(letters(26).slice(10));
    const strangers = copy.write([1, 2, 3, 4].map((n) => text(`stranger ${n}`, { title: `Stranger ${n}` })));
    for (const link of await controller.links())
      if (link.master_doc_id > 26) editDocument(current.master, link.master_doc_id, { title: 'Edited' });
    await controller.db
      .updateTable('sync_map')
      .set({ replica_added: null })
      .where('master_doc_id', '>', 10)
      .where('master_doc_id', '<=', 26)
      .execute();
    copy.clearRequests();
    await controller.cycle();
    const changed = (await controller.links()).filter((link) => link.error_code === 'identity_changed');
    expect(new Set(changed.map((link) => link.replica_doc_id))).toEqual(new Set(strangers));
    expect(strangers.map((id) => copy.store.documents.get(id)?.title)).toEqual(
      [1, 2, 3, 4].map((n) => `Stranger ${n}`),
    );
    const summary = await current.reconcile();
    expect(summary).toMatchObject({ missing: 4, foreign: 4 });
    expect(Object.keys(await pairsOf(controller))).toHaveLength(26);
    await controller.cycle();
    expect(strangers.map((id) => copy.store.documents.get(id)?.title)).toEqual(
      [1, 2, 3, 4].map((n) => `Stranger ${n}`),
    );
    await equal();
  });

  it('is suspended when too many copies are other documents than they were', async () => {
    const { controller, copy } = current;
    copy.write(letters(30).slice(10));
    for (const link of await controller.links())
      if (link.master_doc_id > 20) copy.store.removeDocument(copy.store.documents.get(link.replica_doc_id) as never);
    copy.clearRequests();
    await controller.cycle();
    expect((await controller.replica('copy')).error_code).toBe('identities_changed');
    expect(writesOf(copy)).toEqual([]);
  });
});

describe('a replica that lost many copies', () => {
  it('is suspended until a person confirms, and then gets them again', async () => {
    current = await stage('v3', 'v3', (master) => void master.write(letters(30)));
    const { controller, copy } = current;
    await controller.cycle();
    for (const row of [...copy.store.documents.values()].slice(0, 25)) copy.store.removeDocument(row);
    await controller.cycle();
    expect((await controller.replica('copy')).error_code).toBe('replica_shrunk');
    expect(copy.store.documents.size).toBe(5);
    expect((await confirm('missing')).status).toBe(200);
    expect((await controller.cycle()).outcome).not.toBe('failed');
    await controller.cycle();
    await equal();
    expect(copy.store.documents.size).toBe(30);
  });
});

describe('a replica at a new address', () => {
  const moveTo = async (url: string) => {
    const { db } = current.controller;
    await db.updateTable('replicas').set({ url, unconfirmed: true }).execute();
    await db.updateTable('sync_map').set({ unconfirmed: true }).where('replica_doc_id', 'is not', null).execute();
  };

  it('that was imported from its own backup waits for a person, and is reconciled then without an upload', async () => {
    current = await stage('v3', 'v3', (master) => void master.write(letters(6)));
    const { controller, copy } = current;
    await controller.cycle();
    const moved = await simulator('v3', { seed: 'moved' });
    try {
      moved.import(await copy.export());
      await moveTo(moved.url);
      await controller.cycle();
      expect(await controller.replica('copy')).toMatchObject({ error_code: 'identity_cut', suspended_at: null });
      const answer = await confirm('identities');
      await controller.ended(answer.body.run_id);
      expect((await controller.cycle()).outcome).toBe('ok');
      expect(writesOf(moved)).toEqual([]);
      expect((await controller.links()).filter((link) => link.status !== 'ok' || link.unconfirmed)).toEqual([]);
    } finally {
      await moved.stop();
    }
  });

  it('whose documents are just as well those of another instance waits for a person', async () => {
    current = await stage('v3', 'v3', () => undefined);
    const { controller, copy, master } = current;
    master.write(letters(3).map((one) => ({ ...one, added: 1_700_000_000_000_000 })));
    copy.import(await master.export());
    await current.reconcile();
    await moveTo(copy.url.replace('127.0.0.1', 'localhost'));
    await controller.cycle();
    expect(await controller.replica('copy')).toMatchObject({ error_code: 'identity_ambiguous' });
  });
});
