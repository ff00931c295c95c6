import { afterEach, describe, expect, it } from 'vitest';
import { PAIRS, pairsOf, stage, text, writesOf, type Stage } from './support.ts';

let current: Stage | undefined;
afterEach(async () => {
  await current?.close();
  current = undefined;
});

describe.each(PAIRS)('reconcile of a %s master and a %s replica', (masterProfile, copyProfile) => {
  it('links copies by their bytes whatever they are called, leaves the rest alone, and uploads nothing', async () => {
    current = await stage(masterProfile, copyProfile, (master, copy) => {
      copy.write([text('somebody else'), text('third', { title: 'Third' }), text('second', { title: 'Second' })]);
      master.write([
        text('first', { title: 'First' }),
        text('second', { title: 'Second', archiveSerialNumber: 2 }),
        text('third', { title: 'Third' }),
      ]);
    });
    const summary = await current.reconcile();
    expect(summary).toMatchObject({ masters: 3, copies: 3, missing: 1, proposals: 0, foreign: 1, claimed: 2 });
    expect(await pairsOf(current.controller)).toEqual({ 2: 3, 3: 2 });
    expect(writesOf(current.copy)).toEqual(['PATCH /api/documents/3/']);
    expect(current.copy.store.documents.get(3)).toMatchObject({ archiveSerialNumber: 2 });
    const links = await current.controller.links('copy');
    expect(links.map((link) => link.status)).toEqual(['pending', 'ok', 'ok']);
    current.copy.clearRequests();
    expect(await current.reconcile()).toMatchObject({ kept: 2, claimed: 0, released: 0, missing: 1 });
    expect(writesOf(current.copy)).toEqual([]);
    expect((await current.controller.cycle()).outcome).toBe('ok');
    expect(Object.keys(await pairsOf(current.controller))).toHaveLength(3);
    expect(current.copy.store.documents.size).toBe(4);
  });
});
